// The state of the stream, and its newest point.
import { element, find } from "../ui/dom.js";
import { count, duration, label, number, time } from "../ui/format.js";

const STATES = {
  warming_up: ["Warming up", "the detector needs more points"],
  normal: ["Normal", "the newest point is within the band"],
  anomalous: ["Anomalous", "the newest points are outside the band"],
  silent: ["Silent", "no point for longer than expected"],
  unknown: ["Unknown", "the service does not answer"],
  paused: ["Paused", "no updates"],
};

/** The name of a state, and its meaning. @returns {[string, string]} */
export const stateText = (state) => STATES[state] ?? [label(state), ""];

/** The time of day of a moment in ms, as "10:42 UTC". */
export const clock = (ms) => `${time(ms - (ms % 60000)).slice(-5)} UTC`;

/**
 * The state to show.
 * @param {object} known
 * @param {string | undefined} known.reported the last state that the service returned
 * @param {number} known.receivedAt when, in ms since 1970 UTC; 0: never
 * @param {boolean} known.unreachable
 * @param {boolean} known.paused
 * @returns {{state: string | undefined, meaning: string, since?: string}}
 */
export function displayedState({ reported, receivedAt, unreachable, paused }) {
  if (!unreachable && !paused) return { state: reported, meaning: reported ? stateText(reported)[1] : "" };
  const before = reported ? `; it was ${stateText(reported)[0].toLowerCase()} then` : "";
  const since = receivedAt ? ` since ${clock(receivedAt)}` : "";
  return {
    state: unreachable ? "unknown" : "paused",
    since,
    meaning: `${unreachable ? "no answer" : "no updates"}${since}${before}`,
  };
}

/** The title of the tab: without a state while the page is hidden, which is not updated then. */
export function titleOf(
  name,
  /** @type {{state?: string, since?: string}} */ { state, since = "" } = {},
  hidden = false,
) {
  if (hidden || !state) return `${name} · Live`;
  return `${state === "unknown" ? `Not live${since}` : stateText(state)[0]} · ${name} · Live`;
}

const confidenceText = (confidence) =>
  Number.isFinite(confidence) ? `, ${Math.round(confidence * 100)} % confidence` : "";

export class StreamStatus {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.name = find(root, "#stream-name");
    this.state = find(root, "#state");
    this.readings = find(root, "#readings");
    this.waiting = find(root, "#waiting");
  }

  /** @param {string} name */
  setName(name) {
    this.name.textContent = name;
  }

  /** @param {boolean} waiting for the first point */
  setWaiting(waiting) {
    this.waiting.hidden = !waiting;
    if (waiting) this.readings.replaceChildren();
  }

  /** @param {{state?: string, meaning: string}} state */
  drawState({ state, meaning }) {
    if (!state) {
      delete this.state.dataset.state;
      this.state.replaceChildren();
      return;
    }
    if (this.state.dataset.state === state && this.state.lastChild?.textContent === meaning) return;
    this.state.dataset.state = state;
    const [name] = stateText(state);
    this.state.replaceChildren(element("strong", {}, name), element("span", { class: "hint" }, meaning));
  }

  /**
   * Draws the newest point, the detector that scored it, and the number of points.
   * @param {any} series
   * @param {{detector?: string, confidence: number, points?: number, now: number}} newest `detector`: its title
   */
  drawReadings(series, { detector, confidence, points, now }) {
    const { values, expected, lower, upper, x, hasTimes } = series;
    const last = x.length - 1;
    const age = Math.round((now - x[last]) / 1000) * 1000;
    const ago = hasTimes && now - x[last] > 1000 ? `, ${duration(age)} ago` : "";
    const facts = {
      Value: number(values[last]),
      Expected: number(expected[last]),
      Band: Number.isFinite(expected[last]) ? `${number(lower[last])} to ${number(upper[last])}` : "–",
      Detector: detector ? `${detector}${confidenceText(confidence)}` : "no score yet",
      "Newest point": hasTimes ? `${time(x[last])} UTC${ago}` : `number ${count(x[last])}`,
    };
    if (points !== undefined && Number.isFinite(points)) facts["Points"] = count(points);
    this.write(Object.entries(facts));
  }

  /** Changes texts only: what is selected or read aloud stays. */
  write(facts) {
    const { readings } = this;
    if (readings.childElementCount !== facts.length) {
      const rows = facts.map(([name]) => element("div", {}, element("dt", {}, name), element("dd", {})));
      readings.replaceChildren(...rows);
    }
    facts.forEach(([, text], k) => {
      const value = readings.children[k].lastChild;
      if (value && value.textContent !== text) value.textContent = text;
    });
  }
}
