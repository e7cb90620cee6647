// How the stream stands now, in words and numbers.
import { element } from "../ui/dom.js";
import { count, duration, label, number, time } from "../ui/format.js";

const STATES = {
  warming_up: ["Warming up", "its detector still learns from the first points"],
  normal: ["Normal", "the newest point lies where it was expected"],
  anomalous: ["Anomalous", "the newest points differ from what was expected"],
  silent: ["Silent", "no point has come for longer than usual"],
  unknown: ["Not known", "the service does not answer"],
  paused: ["Paused", "nothing is asked for"],
};

/** What a state is called, and what it means. */
export const stateWords = (state) => STATES[state] ?? [label(state), ""];

/** The time of day of a moment in ms, as "10:42 UTC". */
export const clock = (ms) => `${time(ms - (ms % 60000)).slice(-5)} UTC`;

/** What can be said now of a stream whose state was last `told` at `seen`, ms since 1970; 0 where it never was. */
export function standing({ told, seen, away, paused }) {
  if (!away && !paused) return { state: told, meaning: told ? stateWords(told)[1] : "" };
  const state = away ? "unknown" : "paused";
  const before = told ? `; it was ${stateWords(told)[0].toLowerCase()} then` : "";
  const since = seen ? ` since ${clock(seen)}` : "";
  return { state, since, meaning: `${away ? "no answer" : "nothing is asked for"}${since}${before}` };
}

/** The title of the tab: no state while the page is hidden, for nobody asks then. */
export function titleOf(name, { state, since = "" }, hidden) {
  if (hidden || !state) return `${name} · Live`;
  return `${state === "unknown" ? `Not live${since}` : stateWords(state)[0]} · ${name} · Live`;
}

/** Draws what can be said of the state into `place`. */
export function drawState(place, { state, meaning }) {
  if (!state) {
    delete place.dataset.state;
    place.replaceChildren();
    return;
  }
  const [name] = stateWords(state);
  if (place.dataset.state === state && place.lastChild.textContent === meaning) return;
  place.dataset.state = state;
  place.replaceChildren(element("strong", {}, name), element("span", { class: "hint" }, meaning));
}

const title = (detectors, name) => detectors.find((each) => each.name === name)?.title ?? label(name);

const sure = (confidence) => (Number.isFinite(confidence) ? `, ${Math.round(confidence * 100)} % sure` : "");

/** Draws the newest point of `series`, who judged it and how many points there are. */
export function drawReadings(place, series, { judge, confidence, info, detectors, now }) {
  const last = series.x.length - 1;
  const { values, expected, lower, upper, x, hasTimes } = series;
  const ago = hasTimes && now - x[last] > 1000 ? `, ${duration(Math.round((now - x[last]) / 1000) * 1000)} ago` : "";
  const facts = {
    Value: number(values[last]),
    Expected: number(expected[last]),
    Band: Number.isFinite(expected[last]) ? `${number(lower[last])} to ${number(upper[last])}` : "–",
    "Judged by": judge ? `${title(detectors, judge)}${sure(confidence)}` : "not judged yet",
    "Newest point": hasTimes ? `${time(x[last])} UTC${ago}` : `number ${count(x[last])}`,
  };
  if (Number.isFinite(info?.points)) facts.Points = count(info.points);
  write(place, Object.entries(facts));
}

/** Changes the words alone: what is selected or read aloud is not torn away. */
function write(place, facts) {
  if (place.childElementCount !== facts.length) {
    place.replaceChildren(...facts.map(([name]) => element("div", {}, element("dt", {}, name), element("dd", {}))));
  }
  facts.forEach(([, words], k) => {
    const value = place.children[k].lastChild;
    if (value.textContent !== words) value.textContent = words;
  });
}
