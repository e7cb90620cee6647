// How the stream stands now, in words and numbers.
import { element } from "./dom.js";
import { count, duration, label, number, time } from "./format.js";

const STATES = {
  warming_up: ["Warming up", "its detector still learns from the first points"],
  normal: ["Normal", "the newest point lies where it was expected"],
  anomalous: ["Anomalous", "the newest points differ from what was expected"],
  silent: ["Silent", "no point has come for longer than usual"],
};

/** What a state is called, and what it means. */
export const stateWords = (state) => STATES[state] ?? [label(state), ""];

/** Draws the state into `place`; true when it is another than before. */
export function drawState(place, state) {
  if (place.dataset.state === state) return false;
  const [name, meaning] = stateWords(state);
  place.dataset.state = state;
  place.replaceChildren(element("strong", {}, name), element("span", { class: "hint" }, meaning));
  return true;
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
