// What people say of the data: an event is right or wrong, a stretch is abnormal or normal. Kept on the service.
import { byId, element } from "./dom.js";
import { count, counted, time } from "./format.js";
import { putLabels } from "./kept.js";

const KINDS = { anomaly: "abnormal", normal: "normal" };
const MOST_UNDONE = 50;

const overlaps = (a, b) => a.start < b.stop && b.start < a.stop;
const same = (a, b) => a.start === b.start && a.stop === b.stop;

/** The labels with what is now said of a stretch; `kind` null takes back what was said of exactly this one. */
export function saying(labels, { start, stop, start_time, stop_time }, kind, note = "") {
  const others = labels.filter((label) => !same(label, { start, stop }));
  const times = start_time === undefined ? {} : { start_time, stop_time };
  return kind ? [...others, { start, stop, ...times, kind, note }].sort((a, b) => a.start - b.start || a.stop - b.stop) : others;
}

/** What was said of an event: the label of exactly its stretch, else the last that touches it; undefined where none does. */
export const labelOf = (labels, event) =>
  labels.find((label) => same(label, event)) ?? labels.findLast((label) => overlaps(label, event));

export class Teaching {
  /** `changed()` is told when labels are others than before; `failed(error)` when they could not be kept. */
  constructor({ changed, failed, lead }) {
    Object.assign(this, { changed, failed, lead, series: null, labels: [], before: [] });
    byId("undo").addEventListener("click", () => this.undo());
  }

  /** Labels of another series. */
  take(series, labels) {
    Object.assign(this, { series, labels, before: [] });
    this.draw();
  }

  /** Keeps what is now said, in place of what was; one step of undo. */
  async say(labels) {
    const [was, series] = [this.labels, this.series];
    this.before = [...this.before, was].slice(-MOST_UNDONE);
    await this.put(series, labels, () => { this.before.pop(); this.labels = was; });
  }

  async undo() {
    if (!this.before.length) return;
    const was = this.labels;
    const labels = this.before.pop();
    await this.put(this.series, labels, () => { this.before.push(labels); this.labels = was; });
  }

  async put(series, labels, revert) {
    this.labels = labels; // shown at once: the answer only confirms it
    this.draw();
    this.changed();
    try {
      const kept = await putLabels(series.id, labels);
      if (series !== this.series) return;
      this.labels = kept;
    } catch (error) {
      if (series !== this.series) return;
      revert();
      this.failed(error);
    }
    this.draw();
    this.changed();
  }

  /** The two buttons by which an event is called right or wrong. */
  buttons(event) {
    const said = labelOf(this.labels, event);
    const button = (kind, sign, word) => {
      const pressed = said?.kind === kind;
      return element("button", {
        type: "button", class: `say say-${kind}`, "aria-pressed": String(pressed), title: word, "aria-label": word,
        onclick: (click) => {
          click.stopPropagation(); // the row itself leads to the chart
          this.say(saying(this.labels, pressed && !same(said, event) ? said : event, pressed ? null : kind, said?.note));
        },
      }, sign);
    };
    return element("span", { class: "says" }, button("anomaly", "✓", "Right: this is an anomaly"), button("normal", "✗", "Wrong: this is normal"));
  }

  /** Where a stretch lies, in words. */
  place({ start, stop, start_time: from, stop_time: to }) {
    const words = (at) => (typeof at === "number" ? time(at) : time(Date.parse(at)));
    if (from !== undefined && from !== null) return stop - start > 1 ? `${words(from)} to ${words(to)}` : words(from);
    return stop - start > 1 ? `Points ${count(start)} to ${count(stop - 1)}` : `Point ${count(start)}`;
  }

  row(label) {
    const at = this.place(label);
    const note = element("input", { type: "text", value: label.note ?? "", maxlength: 1000, placeholder: "Why?", "aria-label": `Note on ${at}` });
    note.addEventListener("change", () => this.say(saying(this.labels, label, label.kind, note.value)));
    return element("li", { class: "mark" },
      element("button", { type: "button", class: "at", onclick: () => this.lead(label) }, at),
      element("span", { class: `badge badge-${label.kind}` }, KINDS[label.kind]),
      note,
      element("button", { type: "button", class: "button small", "aria-label": `Remove the mark on ${at}`, onclick: () => this.say(saying(this.labels, label, null)) }, "Remove"));
  }

  draw() {
    const { labels } = this;
    const abnormal = labels.filter(({ kind }) => kind === "anomaly").length;
    byId("undo").disabled = !this.before.length;
    byId("marks-say").textContent = labels.length
      ? `${counted(labels.length, "mark")}: ${count(abnormal)} abnormal, ${count(labels.length - abnormal)} normal.`
      : "Nothing is marked yet. Call an event in the table right (✓) or wrong (✗), or mark a stretch.";
    byId("marks").replaceChildren(...labels.map((label) => this.row(label)));
    byId("teach-fit").disabled = !abnormal;
  }
}
