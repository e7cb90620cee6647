// Judging again while a person turns the knobs: nothing is learned anew, so the answer comes at once.
import { byId, element } from "../ui/dom.js";
import { busy } from "../ui/busy.js";
import { count, counted, label, number } from "../ui/format.js";
import { sensitivityOf } from "./resources.js";
import { mostEach, paceWords, perMonth, unitsWithin, wantedEvents } from "./event_rate.js";
import { clearProblem, showProblem } from "../ui/problem.js";

const KNOBS = ["sigma", "threshold"]; // by what a detector is made stricter
const STEPS = 200; // of the slider
const RANGE = 5; // how far the slider reaches on both sides of the usual value, as a factor
const DIRECTIONS = ["both", "above", "below"];

/** The parameter of a detector that says how strict it is; undefined where it has none. */
export const knobOf = (detector) => detector.params.find(({ name }) => KNOBS.includes(name));

/** The ends of the slider of a parameter, also wide enough for the value in effect. */
export function reach({ default: usual, minimum, maximum }, value = usual) {
  return [Math.max(minimum, 1e-3, Math.min(value, usual / RANGE)), Math.min(maximum, Math.max(value, usual * RANGE))];
}

/** The value at a step of the slider: equal steps are equal factors. */
export function valueAt(step, [low, high]) {
  return Number((low * (high / low) ** (step / STEPS)).toPrecision(3));
}

export const stepOf = (value, [low, high]) => Math.round((Math.log(value / low) / Math.log(high / low)) * STEPS);

/** The service's answer about sensitivity as a curve of steps {at, events, caught, true_positives, precision, recall}, `at` rising. */
export function curveOf(answer) {
  return answer.curve
    .map((step) => ({ ...step, at: step.value, precision: step.precision ?? NaN, recall: step.recall ?? NaN }))
    .filter(({ at }) => at > 0)
    .sort((a, b) => a.at - b.at);
}

/** How far the answer to a target is from the `wanted` number of events, where that needs saying; `loosest`: the slider's end. */
export function targetWords({ curve, target }, wanted, name, loosest) {
  const found = `${counted(target.events, "event")} in all`;
  if (target.events > wanted) return `The fewest that can be had: ${found}.`;
  if (wanted - target.events <= Math.max(1, wanted * 0.2)) return "";
  if (target.value <= curve[0].value)
    return `${found} at ${label(name).toLowerCase()} ${number(target.value)}, the loosest that was tried${target.value > loosest ? "; the slider goes further" : ""}.`;
  return `${found}: the next looser value gives more than the ${count(Math.floor(wanted))} asked for.`;
}

export class Tuning {
  /** `judgeAgain(changes)` resolves once {params, policy} are in effect. */
  constructor(judgeAgain) {
    Object.assign(this, { judgeAgain, waiting: null, running: false, knob: null });
    byId("threshold").addEventListener("input", () => this.slide());
    byId("sensitivity").addEventListener("change", ({ target }) => target.matches("[data-filter]") && this.change());
    byId("sensitivity").addEventListener("submit", (event) => {
      event.preventDefault();
      this.aim();
    });
    byId("target-unit").addEventListener("change", () => {
      this.bound();
      this.tell();
    });
    byId("sensitivity-reset").addEventListener("click", () => this.reset());
  }

  /** Another judgement is shown: `found` is its answer, `detector` what it was made by, `length` ms of the series. */
  show(found, detector, { length, points }) {
    const other = this.id !== found.id;
    Object.assign(this, { id: found.id, detector, length, points, knob: knobOf(detector), found });
    if (other) {
      Object.assign(this, { first: { params: found.params, policy: found.policy } });
      const units = length > 0 ? unitsWithin(length) : [];
      byId("target-field").hidden = !this.knob || !units.length;
      byId("target-unit").replaceChildren(
        ...units.toReversed().map(({ name }) => element("option", { value: name }, name)),
      );
      if (units.some(({ name }) => name === "month")) byId("target-unit").value = "month";
      this.bound();
    }
    this.draw();
  }

  bound() {
    const { value } = byId("target-unit");
    if (value) byId("target").max = mostEach(value);
  }

  draw() {
    const { found, knob } = this;
    byId("threshold-field").hidden = !knob;
    const slider = byId("threshold");
    if ((knob && document.activeElement !== slider) || this.ends === undefined)
      this.ends = reach(knob ?? { default: 1, minimum: 0.1, maximum: 10 }, found.params[knob?.name]);
    if (knob && !this.waiting) slider.value = stepOf(found.params[knob.name], this.ends);
    for (const input of byId("sensitivity").querySelectorAll("[data-filter]")) {
      if (document.activeElement === input && input.type === "number") continue;
      const { count: name } = input.dataset;
      input.value =
        name === "merge_gap"
          ? found.params.merge_gap
          : name === "min_rel_deviation"
            ? Number((found.policy.min_rel_deviation * 100).toPrecision(6))
            : found.policy[name];
    }
    this.tell();
  }

  tell() {
    if (this.waiting) return; // the next answer is on its way, and its value already said
    const { found, knob, length, points } = this;
    const pace = paceWords(found.summary.events, length, points, byId("target-unit").value);
    const value = knob ? found.params[knob.name] : null;
    byId("sensitivity-rate").textContent = `${knob ? `${label(knob.name)} ${number(value)}: ` : ""}${pace}.`;
    byId("threshold").setAttribute("aria-valuetext", `${knob ? `${label(knob.name)} ${number(value)}, ` : ""}${pace}`);
    byId("sensitivity-reset").disabled =
      JSON.stringify(this.first) === JSON.stringify({ params: found.params, policy: found.policy });
  }

  slide() {
    const value = valueAt(Number(byId("threshold").value), this.ends);
    byId("sensitivity-rate").textContent = `${label(this.knob.name)} ${number(value)} …`;
    this.want({ params: { [this.knob.name]: value } });
  }

  change() {
    const wanted = { params: {}, policy: {} };
    for (const input of byId("sensitivity").querySelectorAll("[data-filter]")) {
      const { count: name } = input.dataset;
      if (!input.checkValidity() || input.value === "") {
        input.reportValidity();
        return;
      }
      if (name === "merge_gap") wanted.params.merge_gap = Number(input.value);
      else
        wanted.policy[name] = DIRECTIONS.includes(input.value)
          ? input.value
          : Number(input.value) / (name === "min_rel_deviation" ? 100 : 1);
    }
    this.want(wanted);
  }

  /** No more events than a person wants, and as many of them as can be. */
  async aim() {
    const field = byId("target");
    if (!field.checkValidity() || field.value === "") {
      field.reportValidity();
      return;
    }
    clearProblem("sensitivity-problem");
    const [each, unit] = [Number(field.value), byId("target-unit").value];
    const { id, knob } = this;
    try {
      const answer = await busy("Looking for the value that gives so many", ({ signal }) =>
        sensitivityOf(id, perMonth(each, unit), { signal }),
      );
      if (!answer?.target || this.id !== id) return;
      await this.want({ params: { [knob.name]: answer.target.value } });
      byId("target-status").textContent = targetWords(
        answer,
        wantedEvents(each, unit, this.length),
        knob.name,
        this.ends[0],
      );
    } catch (error) {
      showProblem("sensitivity-problem", error);
    }
  }

  reset() {
    return this.want(structuredClone(this.first));
  }

  /** Wants are answered one after another; of those that wait only the last counts. */
  async want(changes) {
    this.waiting = changes;
    byId("target-status").textContent = ""; // it was said of what was judged before
    if (this.running) return;
    this.running = true;
    try {
      while (this.waiting) {
        const next = this.waiting;
        this.waiting = null;
        await this.judgeAgain(next);
      }
    } finally {
      this.running = false;
      this.waiting = null;
    }
  }
}
