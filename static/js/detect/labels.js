// The labels of a series: events and intervals that are an anomaly or normal. Stored on the service.
import { putLabels } from "./resources.js";

const MAX_UNDO_STEPS = 50;

const overlaps = (a, b) => a.start < b.stop && b.start < a.stop;
export const sameInterval = (a, b) => a.start === b.start && a.stop === b.stop;

/**
 * The labels with a new one for exactly this interval; `kind` null removes it.
 * @param {Label[]} labels
 * @param {Interval & {start_time?: any, stop_time?: any}} interval
 * @param {Label["kind"] | null} kind
 * @param {string} [note]
 * @returns {Label[]}
 */
export function withLabel(labels, { start, stop, start_time, stop_time }, kind, note = "") {
  const others = labels.filter((label) => !sameInterval(label, { start, stop }));
  if (!kind) return others;
  const times = start_time === undefined ? {} : { start_time, stop_time };
  return [...others, { start, stop, ...times, kind, note }].sort((a, b) => a.start - b.start || a.stop - b.stop);
}

/** The label of exactly this event, else the last that overlaps it; undefined where none does. */
export const labelOf = (labels, event) =>
  labels.find((label) => sameInterval(label, event)) ?? labels.findLast((label) => overlaps(label, event));

/**
 * A step that can be undone: other labels, or something about a column that `restore` takes back.
 * @typedef {{labels: Label[], restore?: undefined, column?: undefined} | {labels?: undefined, restore: () => void, column: string}} UndoStep
 */

export class LabelStore {
  /** @type {SeriesInfo | null} */
  series = null;
  /** @type {Label[]} as shown */
  labels = [];
  /** @type {Label[]} as the service has them */
  saved = [];
  /** @type {UndoStep[]} */
  steps = [];
  /** The last request: one at a time, in order. @type {Promise<any>} */
  saving = Promise.resolve();

  /**
   * @param {{onChange: (added?: number) => void, onStep: () => void, onError: (error: any) => void}} events `onChange`:
   *   the labels changed, the first new one at position `added`; `onStep`: what can be undone changed
   */
  constructor({ onChange, onStep, onError }) {
    this.onChange = onChange;
    this.onStep = onStep;
    this.onError = onError;
  }

  /** Another series is shown. @param {SeriesInfo} series @param {Label[]} labels */
  load(series, labels) {
    this.series = series;
    this.labels = labels;
    this.saved = labels;
    this.steps = [];
  }

  /** @returns {UndoStep | undefined} */
  get lastStep() {
    return this.steps.at(-1);
  }

  get hasAnomaly() {
    return this.labels.some(({ kind }) => kind === "anomaly");
  }

  /** Changes the labels; one step of undo. @param {Label[]} labels */
  async set(labels) {
    const step = { labels: this.labels };
    this.addStep(step);
    await this.save(labels, () => this.removeStep(step));
  }

  /** @param {UndoStep} step */
  addStep(step) {
    this.steps = [...this.steps, step].slice(-MAX_UNDO_STEPS);
  }

  removeStep(step) {
    this.steps = this.steps.filter((each) => each !== step);
  }

  /** Adds a step about a column that `restore` takes back. @param {() => void} restore @param {string} column */
  addRestoreStep(restore, column) {
    const step = { restore, column };
    this.addStep(step);
    this.onStep();
    return step;
  }

  /** Takes such a step back, also after others. */
  restore(step) {
    this.removeStep(step);
    this.onStep();
    step.restore();
  }

  /** Removes such steps of a column: it has a new detection. */
  forgetRestoreSteps(column) {
    this.steps = this.steps.filter((step) => !step.restore || step.column !== column);
    this.onStep();
  }

  async undo() {
    const step = this.steps.at(-1);
    if (!step) return;
    if (step.restore) this.restore(step);
    else {
      this.steps.pop();
      await this.save(step.labels, () => this.steps.push(step));
    }
  }

  /** Shows labels at once and saves them; `revert` runs where that fails. */
  async save(labels, revert) {
    const { series } = this;
    if (!series) return;
    const known = new Set(this.labels);
    const added = labels.findIndex((label) => !known.has(label));
    this.labels = labels;
    this.onChange(added >= 0 ? added : undefined);
    const put = this.saving.then(() => putLabels(series.id, labels));
    const own = put.catch(() => {}); // handled below
    this.saving = own;
    const outdated = () => series !== this.series || own !== this.saving;
    try {
      const saved = await put;
      if (series === this.series) this.saved = saved;
      if (outdated()) return;
      this.labels = saved;
    } catch (error) {
      if (outdated()) return;
      revert();
      this.labels = this.saved;
      this.onError(error);
    }
    this.onChange();
  }
}
