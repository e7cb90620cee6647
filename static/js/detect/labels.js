// What people say of the data: an event is right or wrong, a stretch is abnormal or normal. Kept on the service.
import { byId, element } from "../ui/dom.js";
import { count, counted, time } from "../ui/format.js";
import { putLabels } from "./resources.js";

const KINDS = { anomaly: "abnormal", normal: "normal" };
const MOST_UNDONE = 50;
const ROWS = 100; // marks listed at a time

const overlaps = (a, b) => a.start < b.stop && b.start < a.stop;
const same = (a, b) => a.start === b.start && a.stop === b.stop;

/** The labels with what is now said of a stretch; `kind` null takes back what was said of exactly this one. */
export function saying(labels, { start, stop, start_time, stop_time }, kind, note = "") {
  const others = labels.filter((label) => !same(label, { start, stop }));
  const times = start_time === undefined ? {} : { start_time, stop_time };
  return kind
    ? [...others, { start, stop, ...times, kind, note }].sort((a, b) => a.start - b.start || a.stop - b.stop)
    : others;
}

/** What was said of an event: the label of exactly its stretch, else the last that touches it; undefined where none does. */
export const labelOf = (labels, event) =>
  labels.find((label) => same(label, event)) ?? labels.findLast((label) => overlaps(label, event));

export class Teaching {
  /** `changed()` is told when labels are others than before; `failed(error)` when they could not be kept. */
  constructor({ changed, failed, lead }) {
    Object.assign(this, {
      changed,
      failed,
      lead,
      series: null,
      labels: [],
      kept: [],
      before: [],
      rows: new Map(),
      page: 0,
      putting: Promise.resolve(),
    });
    byId("undo").addEventListener("click", () => this.undo());
    for (const [id, by] of [
      ["marks-before", -1],
      ["marks-after", 1],
    ]) {
      byId(id).addEventListener("click", () => {
        this.page += by;
        this.drawRows();
      });
    }
  }

  /** Labels of another series. */
  take(series, labels) {
    Object.assign(this, { series, labels, kept: labels, before: [], rows: new Map(), page: 0 });
    this.draw();
  }

  /** Keeps what is now said, in place of what was; one step of undo. */
  async say(labels) {
    const step = this.remember({ labels: this.labels });
    await this.put(this.series, labels, () => {
      this.before = this.before.filter((each) => each !== step);
    });
  }

  remember(step) {
    this.before = [...this.before, step].slice(-MOST_UNDONE);
    return step;
  }

  /** Something else was done about a column that one step of undo takes back by `back()`. */
  did(back, column) {
    const step = this.remember({ back, column });
    this.draw();
    return step;
  }

  /** Takes such a step back, also where others came after it. */
  takeBack(step) {
    this.before = this.before.filter((each) => each !== step);
    this.draw();
    step.back();
  }

  /** What was done about a column in this way is no more to be taken back: it was judged anew. */
  forget(column) {
    this.before = this.before.filter((step) => !step.back || step.column !== column);
    this.draw();
  }

  async undo() {
    const step = this.before.at(-1);
    if (!step) return;
    if (step.back) this.takeBack(step);
    else {
      this.before.pop();
      await this.put(this.series, step.labels, () => this.before.push(step));
    }
  }

  async put(series, labels, revert) {
    const there = new Set(this.labels);
    const fresh = labels.findIndex((label) => !there.has(label));
    if (fresh >= 0) this.page = Math.floor(fresh / ROWS); // what was just said is seen
    this.labels = labels; // shown at once: the answer only confirms it
    this.draw();
    this.changed();
    const put = this.putting.then(() => putLabels(series.id, labels)); // one after the other: the last word holds
    const mine = put.catch(() => {}); // told below
    this.putting = mine;
    const outdated = () => series !== this.series || mine !== this.putting;
    try {
      const kept = await put;
      if (series === this.series) this.kept = kept;
      if (outdated()) return;
      this.labels = kept;
    } catch (error) {
      if (outdated()) return;
      revert();
      this.labels = this.kept;
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
      return element(
        "button",
        {
          type: "button",
          class: `label-button label-${kind}`,
          "aria-pressed": String(pressed),
          title: word,
          "aria-label": word,
          onclick: (click) => {
            click.stopPropagation(); // the row itself leads to the chart
            this.say(
              saying(this.labels, pressed && !same(said, event) ? said : event, pressed ? null : kind, said?.note),
            );
          },
        },
        sign,
      );
    };
    return element(
      "span",
      { class: "label-buttons" },
      button("anomaly", "✓", "Right: this is an anomaly"),
      button("normal", "✗", "Wrong: this is normal"),
    );
  }

  /** Where a stretch lies, in words. */
  place({ start, stop, start_time: from, stop_time: to }) {
    const words = (at) => (typeof at === "number" ? time(at) : time(Date.parse(at)));
    if (from !== undefined && from !== null) return stop - start > 1 ? `${words(from)} to ${words(to)}` : words(from);
    return stop - start > 1 ? `Points ${count(start)} to ${count(stop - 1)}` : `Point ${count(start)}`;
  }

  /** The row of a mark; that which is there already where there is one: what is typed in it, and the focus, stay. */
  row(label) {
    const at = this.place(label);
    const key = `${label.start} ${label.stop} ${at} ${label.kind}`;
    const row = this.rows.get(key) ?? this.newRow(label, at);
    this.rows.set(key, row);
    const note = row.querySelector("input");
    if (note !== document.activeElement) note.value = label.note ?? "";
    return row;
  }

  newRow(label, at) {
    const note = element("input", {
      type: "text",
      maxlength: 1000,
      placeholder: "Why?",
      "aria-label": `Note on ${at}`,
    });
    note.addEventListener("change", () => this.say(saying(this.labels, label, label.kind, note.value)));
    return element(
      "li",
      { class: "label-row" },
      element("button", { type: "button", class: "locator", onclick: () => this.lead(label) }, at),
      element("span", { class: `badge badge-${label.kind}` }, KINDS[label.kind]),
      note,
      element(
        "button",
        {
          type: "button",
          class: "button small",
          "aria-label": `Remove the mark on ${at}`,
          onclick: () => this.say(saying(this.labels, label, null)),
        },
        "Remove",
      ),
    );
  }

  drawRows() {
    const pages = Math.max(1, Math.ceil(this.labels.length / ROWS));
    this.page = Math.min(Math.max(this.page, 0), pages - 1);
    const first = this.page * ROWS;
    const shown = this.labels.slice(first, first + ROWS);
    byId("labels-pages").hidden = pages < 2;
    byId("labels-page").textContent =
      `Marks ${count(first + 1)} to ${count(first + shown.length)} of ${count(this.labels.length)}`;
    byId("labels-previous").disabled = this.page === 0;
    byId("labels-next").disabled = this.page === pages - 1;
    const [place, rows] = [byId("labels"), shown.map((label) => this.row(label))];
    for (const [key, row] of this.rows) if (!rows.includes(row)) this.rows.delete(key);
    const there = rows.length === place.children.length && rows.every((row, index) => row === place.children[index]);
    if (!there) place.replaceChildren(...rows);
  }

  draw() {
    const { labels } = this;
    const abnormal = labels.filter(({ kind }) => kind === "anomaly").length;
    const last = this.before.at(-1);
    byId("undo").disabled = !last;
    byId("undo").textContent = last ? `Undo ${last.back ? "learning again" : "the last mark"}` : "Undo";
    byId("labels-count").textContent = labels.length
      ? `${counted(labels.length, "mark")}: ${count(abnormal)} abnormal, ${count(labels.length - abnormal)} normal.`
      : "Nothing is marked yet. Call an event in the table right (✓) or wrong (✗), or mark a stretch.";
    this.drawRows();
    byId("retrain").disabled = !abnormal;
  }
}
