// The label of the event shown: an anomaly, or a false alarm. The next fit of the stream's detector uses it.
import { requestJson, ServiceError } from "../ui/api.js";
import { announce, find } from "../ui/dom.js";
import { clearProblem, showProblem } from "../ui/problem.js";

/**
 * Start and stop of an event as a label has them: times in ms, or cursors; half-open.
 * @returns {[number, number]}
 */
export function labelSpan({ from, to }, hasTimes) {
  return hasTimes ? [from, to + 1] : [from + 1, to + 2];
}

const isSame = (label, [start, stop]) => label.start === start && label.stop === stop;

const TEXTS = { anomaly: "✓ Labelled an anomaly", normal: "✗ Labelled a false alarm" };

/** The last label that overlaps an event, in words; "" where none does. */
export function labelText(labels, [start, stop]) {
  return TEXTS[labels.findLast((label) => label.start < stop && label.stop > start)?.kind] ?? "";
}

export class EventLabels {
  /** Of the event shown. @type {[number, number] | null} */
  span = null;
  /** @type {Label[]} of the stream */
  labels = [];

  /**
   * @param {HTMLElement} root
   * @param {{url: () => string, onLabels: () => void}} options `url` of the stream; `onLabels`: the labels are known
   */
  constructor(root, { url, onLabels }) {
    this.root = root;
    this.url = url;
    this.onLabels = onLabels;
    this.status = find(root, "#label-status");
    this.problem = find(root, "#label-problem");
    this.buttons = {
      anomaly: find(root, "#label-anomaly"),
      normal: find(root, "#label-normal"),
    };
    for (const [kind, button] of Object.entries(this.buttons)) {
      button.addEventListener("click", () => this.set(button.getAttribute("aria-pressed") === "true" ? null : kind));
    }
  }

  /** Another stream is shown. */
  async reload() {
    this.hide();
    this.labels = [];
    const url = this.url();
    try {
      const { labels } = await this.read();
      if (url === this.url()) this.take(labels);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error; // no labels; the poller reports a service that does not answer
    }
  }

  take(labels) {
    this.labels = labels;
    this.onLabels();
  }

  /** The label of an event, in words. */
  textOf(event, hasTimes) {
    return this.labels.length ? labelText(this.labels, labelSpan(event, hasTimes)) : "";
  }

  hide() {
    this.span = null;
    this.status.textContent = "";
    this.root.hidden = true;
    clearProblem(this.problem);
  }

  /** Shows the buttons for an event. */
  async show(event, hasTimes) {
    clearProblem(this.problem);
    this.status.textContent = "";
    this.span = labelSpan(event, hasTimes);
    this.press(undefined);
    this.root.hidden = false; // before the response, so that nothing below moves when it arrives
    await this.attempt(() => this.read());
  }

  read() {
    return requestJson("GET", `${this.url()}/labels?times=ms`);
  }

  /** Labels the event in place of an earlier label; null removes it. @param {string | null} kind */
  async set(kind) {
    const { span } = this;
    if (!span) return;
    const saved = await this.attempt(async () => {
      const others = (await this.read()).labels.filter((label) => !isSame(label, span));
      const all = kind ? [...others, { start: span[0], stop: span[1], kind, note: "" }] : others;
      const headers = { "Content-Type": "application/json" };
      return requestJson("PUT", `${this.url()}/labels?times=ms`, { body: JSON.stringify(all), headers });
    });
    if (!saved) return;
    const name = kind === "normal" ? "a false alarm" : "an anomaly";
    const text = kind ? `Labelled as ${name}; the next fit uses it.` : "Label removed.";
    this.status.textContent = text;
    announce(text);
  }

  /** Whether `work`, which returns the labels, succeeded for the event still shown. */
  async attempt(work) {
    const { span } = this;
    let labels;
    try {
      ({ labels } = await work());
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      showProblem(this.problem, error);
      return false;
    }
    if (this.span !== span || !span) return false;
    this.take(labels);
    this.press(labels.findLast((label) => isSame(label, span))?.kind);
    return true;
  }

  press(kind) {
    for (const [each, button] of Object.entries(this.buttons))
      button.setAttribute("aria-pressed", String(each === kind));
  }
}
