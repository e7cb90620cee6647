// The result in a sentence or two.
import { element } from "./dom.js";
import { count, counted, rough } from "./format.js";

/** "5 anomalous events found", to be spoken and shown. */
export function headline({ events }) {
  return events ? `${counted(events, "anomalous event")} found` : "No anomalies found";
}

function details(summary, threshold) {
  const found = [];
  if (summary.warm_up) {
    found.push(`The detector needs earlier points to judge by: ${counted(summary.warm_up, "point was", "points were")} used for that and not judged (warm-up).`);
  }
  if (summary.period) found.push(`The series was seen to repeat itself every ${counted(summary.period, "point")}.`);
  const seconds = Object.values(summary.seconds ?? {}).reduce((sum, each) => sum + each, 0);
  found.push(`A point is an anomaly when its score is above the threshold, ${rough(threshold)}. Took ${seconds.toFixed(2)} s.`);
  return found.join(" ");
}

/** Draws the verdict on an answer of the service. */
export function drawVerdict(place, { summary, threshold }) {
  const judged = summary.points - summary.missing - summary.warm_up;
  let rest;
  if (summary.events) {
    rest = `: ${counted(summary.anomalies, "point")} of ${count(judged)} judged.`;
  } else if (judged > 0) {
    rest = `: all ${count(judged)} judged points lie within the band. A smaller sigma or threshold reports smaller deviations.`;
  } else rest = ": no point could be judged. The series is too short for this detector, or too much of it is missing.";
  place.replaceChildren(element("strong", {}, headline(summary)), rest, element("span", { class: "hint" }, details(summary, threshold)));
}
