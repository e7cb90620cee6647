// What people say of an event: rightly found, or a false alarm. The next fit of the stream's detector learns by it.
import { ask } from "../ui/api.js";
import { announce, byId } from "../ui/dom.js";
import { clearProblem, showProblem } from "../ui/problem.js";

/** Start and stop of an event as a label has them: times in ms, or cursors; half open. */
export function spanOf({ x, hasTimes }, { start, stop }) {
  return hasTimes ? [x[start], x[stop - 1] + 1] : [x[start] + 1, x[stop - 1] + 2];
}

const same = (label, [start, stop]) => label.start === start && label.stop === stop;

const WORDS = { anomaly: "✓ Labelled an anomaly", normal: "✗ Labelled a false alarm" };

/** What is said of an event, in words: by the last label that touches it; nothing where none does. */
export function saidOf(labels, [start, stop]) {
  return WORDS[labels.findLast((label) => label.start < stop && label.stop > start)?.kind] ?? "";
}

export class Labels {
  /** `urlOf()` is the address of the stream shown; `onKnown()` is told when the labels were asked for. */
  constructor(urlOf, onKnown = () => {}) {
    Object.assign(this, { urlOf, onKnown, span: null, all: [] });
    for (const [id, kind] of [
      ["label-anomaly", "anomaly"],
      ["label-normal", "normal"],
    ]) {
      byId(id).addEventListener("click", ({ currentTarget }) =>
        this.say(currentTarget.getAttribute("aria-pressed") === "true" ? null : kind),
      );
    }
  }

  /** Another stream is shown. */
  async renew() {
    this.hide();
    this.all = [];
    const url = this.urlOf();
    try {
      const { labels } = await this.known();
      if (url === this.urlOf()) this.take(labels);
    } catch (error) {
      if (error.status === undefined) throw error; // no marks; that the service is away is told elsewhere
    }
  }

  take(labels) {
    this.all = labels;
    this.onKnown();
  }

  /** What is said of an event of `series`, in words. */
  of(series, event) {
    return this.all.length ? saidOf(this.all, spanOf(series, event)) : "";
  }

  hide() {
    this.span = null;
    byId("label-status").textContent = "";
    byId("event-labels").hidden = true;
    clearProblem("label-problem");
  }

  /** The event of `series` that a person looks at. */
  async show(series, event) {
    clearProblem("label-problem");
    byId("label-status").textContent = "";
    this.span = spanOf(series, event);
    this.press(undefined);
    byId("event-labels").hidden = false; // at once: nothing below it moves later, when the answer comes
    await this.act(() => this.known());
  }

  known() {
    return ask("GET", `${this.urlOf()}/labels?times=ms`);
  }

  /** Keeps what is said of the event in place of what was said before; null takes it back. */
  async say(kind) {
    const { span } = this;
    const done = await this.act(async () => {
      const others = (await this.known()).labels.filter((label) => !same(label, span));
      const all = kind ? [...others, { start: span[0], stop: span[1], kind, note: "" }] : others;
      return ask("PUT", `${this.urlOf()}/labels?times=ms`, {
        body: JSON.stringify(all),
        headers: { "Content-Type": "application/json" },
      });
    });
    if (!done) return;
    const told = kind
      ? `Kept as ${kind === "normal" ? "a false alarm" : "an anomaly"}; the next fit learns by it.`
      : "Taken back.";
    byId("label-status").textContent = told;
    announce(told);
  }

  async act(work) {
    const { span } = this;
    let labels;
    try {
      ({ labels } = await work());
    } catch (error) {
      if (error.status === undefined) throw error;
      showProblem("label-problem", error);
      return false;
    }
    if (this.span !== span) return false;
    this.take(labels);
    this.press(labels.findLast((label) => same(label, span))?.kind);
    return true;
  }

  press(kind) {
    for (const each of ["anomaly", "normal"]) byId(`label-${each}`).setAttribute("aria-pressed", String(each === kind));
  }
}
