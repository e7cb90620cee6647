// The sensitivity of a detection: the threshold and the event filter apply to stored scores, without a fit.
import { runBusy } from "../ui/busy.js";
import { element, find, optionsOf } from "../ui/dom.js";
import { count, counted, label, number } from "../ui/format.js";
import { clearProblem, showProblem } from "../ui/problem.js";
import { eventsIn, maxRate, perMonth, rateText, unitsWithin } from "./event_rate.js";
import { getSensitivity } from "./resources.js";

const THRESHOLD_PARAMS = ["sigma", "threshold"];
const STEPS = 200; // of the slider
const RANGE = 5; // the slider reaches from the default ÷ 5 to the default × 5

/** The parameter that is the threshold of a detector; undefined where it has none. @param {{params: Param[]}} detector */
export const thresholdParam = ({ params }) => params.find(({ name }) => THRESHOLD_PARAMS.includes(name));

/**
 * The ends of the slider of a parameter; they include the value in effect.
 * @returns {[number, number]}
 */
export function sliderRange({ default: initial, minimum, maximum }, value = initial) {
  const low = Math.max(minimum, 1e-3, Math.min(value, initial / RANGE));
  return [low, Math.min(maximum, Math.max(value, initial * RANGE))];
}

/** The value at a step of the slider: equal steps are equal factors. */
export function valueAt(step, [low, high]) {
  return Number((low * (high / low) ** (step / STEPS)).toPrecision(3));
}

export const stepOf = (value, [low, high]) => Math.round((Math.log(value / low) / Math.log(high / low)) * STEPS);

/** The curve of a response about sensitivity, with `at` for the value, rising. */
export function curveOf({ curve }) {
  return curve
    .map((step) => ({ ...step, at: step.value, precision: step.precision ?? NaN, recall: step.recall ?? NaN }))
    .filter(({ at }) => at > 0)
    .sort((a, b) => a.at - b.at);
}

/** Why the value for a target gives other than the `wanted` number of events; "" where it is close. */
export function targetText({ curve, target }, wanted, name, sliderStart) {
  const events = `${counted(target.events, "event")} in all`;
  if (target.events > wanted) return `No value gives fewer: ${events}.`;
  if (wanted - target.events <= Math.max(1, wanted * 0.2)) return "";
  if (target.value > curve[0].value) {
    return `${events}: the next lower value gives more than the maximum of ${count(Math.floor(wanted))}.`;
  }
  const further = target.value > sliderStart ? "; the slider goes further" : "";
  return `${events} at ${label(name).toLowerCase()} ${number(target.value)}, the lowest value tried${further}.`;
}

export class SensitivityCard {
  /** @type {Detection | null} */
  detection = null;
  /** @type {Param | undefined} */
  param = undefined;
  /** What the first result of this detection was made with. */
  initial = { params: /** @type {Record<string, number>} */ ({}), event_filter: /** @type {any} */ ({}) };
  /** Of the series: milliseconds, 0 without times. */
  length = 0;
  points = 0;
  /** @type {[number, number] | undefined} */
  range = undefined;
  /** @type {any} the changes that wait for the running request */
  waiting = null;
  running = false;

  /**
   * @param {HTMLElement} root
   * @param {(changes: {params?: Record<string, number>, event_filter?: any}) => Promise<void>} apply resolves once the
   *   changes are in effect
   */
  constructor(root, apply) {
    this.root = root;
    this.apply = apply;
    this.form = find(root, "#sensitivity", HTMLFormElement);
    this.slider = find(root, "#threshold", HTMLInputElement);
    this.sliderField = find(root, "#threshold-field");
    this.rate = find(root, "#sensitivity-rate");
    this.target = find(root, "#target", HTMLInputElement);
    this.targetField = find(root, "#target-field");
    this.targetUnit = find(root, "#target-unit", HTMLSelectElement);
    this.targetStatus = find(root, "#target-status");
    this.resetButton = find(root, "#sensitivity-reset", HTMLButtonElement);
    this.problem = find(root, "#sensitivity-problem");
    this.slider.addEventListener("input", () => this.slide());
    this.form.addEventListener("change", ({ target }) => {
      if (/** @type {Element} */ (target).matches("[data-filter]")) this.filterEvents();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.aim();
    });
    this.targetUnit.addEventListener("change", () => {
      this.limitTarget();
      this.drawRate();
    });
    this.resetButton.addEventListener("click", () => this.request(structuredClone(this.initial)));
  }

  /** The fields of the event filter. */
  get filterFields() {
    return /** @type {NodeListOf<HTMLInputElement>} */ (this.form.querySelectorAll("[data-filter]"));
  }

  /**
   * Shows a detection, or the same with other settings.
   * @param {Detection} detection
   * @param {DetectorInfo} detector
   * @param {{length: number, points: number}} series
   */
  show(detection, detector, { length, points }) {
    const isOther = this.detection?.id !== detection.id;
    this.detection = detection;
    this.param = thresholdParam(detector);
    this.length = length;
    this.points = points;
    if (isOther) this.showFirst(detection);
    this.draw();
    this.root.hidden = false;
  }

  showFirst({ params, event_filter }) {
    this.initial = { params, event_filter };
    const units = this.length > 0 ? unitsWithin(this.length) : [];
    this.targetField.hidden = !this.param || !units.length;
    this.targetUnit.replaceChildren(...optionsOf(units.toReversed().map(({ name }) => ({ value: name, text: name }))));
    if (units.some(({ name }) => name === "month")) this.targetUnit.value = "month";
    this.limitTarget();
  }

  hide() {
    this.root.hidden = true;
  }

  limitTarget() {
    const { value } = this.targetUnit;
    if (value) this.target.max = String(maxRate(value));
  }

  draw() {
    const { detection, param, slider } = this;
    if (!detection) return;
    this.sliderField.hidden = !param;
    if (param) {
      const value = detection.params[param.name];
      if (document.activeElement !== slider || this.range === undefined) this.range = sliderRange(param, value);
      if (!this.waiting) slider.value = String(stepOf(value, this.range));
    }
    for (const field of this.filterFields) {
      if (document.activeElement === field && field.type === "number") continue;
      field.value = String(this.filterValue(field.dataset.filter ?? ""));
    }
    this.drawRate();
  }

  /** What is in effect, as its field shows it. @param {string} name */
  filterValue(name) {
    const { params, event_filter: filter } = /** @type {Detection} */ (this.detection);
    if (name === "merge_gap") return params.merge_gap;
    return name === "min_rel_deviation" ? Number((filter.min_rel_deviation * 100).toPrecision(6)) : filter[name];
  }

  drawRate() {
    if (this.waiting || !this.detection) return; // the next response is on its way, and its value is shown
    const { detection, param, length, points } = this;
    const rate = rateText(detection.summary.events, length, points, this.targetUnit.value);
    const value = param ? `${label(param.name)} ${number(detection.params[param.name])}` : "";
    this.rate.textContent = `${value ? `${value}: ` : ""}${rate}.`;
    this.slider.setAttribute("aria-valuetext", `${value ? `${value}, ` : ""}${rate}`);
    const { params, event_filter } = detection;
    this.resetButton.disabled = JSON.stringify(this.initial) === JSON.stringify({ params, event_filter });
  }

  slide() {
    if (!this.param || !this.range) return;
    const value = valueAt(Number(this.slider.value), this.range);
    this.rate.textContent = `${label(this.param.name)} ${number(value)} …`;
    this.request({ params: { [this.param.name]: value } });
  }

  filterEvents() {
    const changes = { params: /** @type {any} */ ({}), event_filter: /** @type {any} */ ({}) };
    for (const field of this.filterFields) {
      const name = field.dataset.filter ?? "";
      if (!field.checkValidity() || field.value === "") {
        field.reportValidity();
        return;
      }
      if (name === "merge_gap") changes.params.merge_gap = Number(field.value);
      else if (name === "direction") changes.event_filter.direction = field.value;
      else changes.event_filter[name] = Number(field.value) / (name === "min_rel_deviation" ? 100 : 1);
    }
    this.request(changes);
  }

  /** Applies the value with the most events that are no more than the target. */
  async aim() {
    const { detection, param, target } = this;
    if (!target.checkValidity() || target.value === "") {
      target.reportValidity();
      return;
    }
    if (!detection || !param) return;
    clearProblem(this.problem);
    const unit = this.targetUnit.value;
    const rate = Number(target.value);
    try {
      const answer = await runBusy("Searching for the value", ({ signal }) =>
        getSensitivity(detection.id, perMonth(rate, unit), { signal }),
      );
      if (!answer?.target || this.detection?.id !== detection.id) return;
      await this.request({ params: { [param.name]: answer.target.value } });
      const wanted = eventsIn(rate, unit, this.length);
      this.targetStatus.textContent = targetText(answer, wanted, param.name, this.range?.[0] ?? 0);
    } catch (error) {
      this.showProblem(error);
    }
  }

  /** Applies changes one after another; of those that wait only the last counts. */
  async request(changes) {
    this.waiting = changes;
    this.targetStatus.textContent = ""; // it is about the settings before
    if (this.running) return;
    this.running = true;
    try {
      while (this.waiting) {
        const next = this.waiting;
        this.waiting = null;
        await this.apply(next);
      }
    } finally {
      this.running = false;
      this.waiting = null;
    }
  }

  clearProblem() {
    clearProblem(this.problem);
  }

  showProblem(error) {
    showProblem(this.problem, error);
  }
}
