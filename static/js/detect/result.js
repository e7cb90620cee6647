// The result in a sentence or two.
import { element } from "../ui/dom.js";
import { count, counted, rough, styled } from "../ui/format.js";

const MOST_OFFERED = 6; // columns with a button of their own

/** "5 anomalous events found", to be spoken and shown. */
export function headline({ events }) {
  return events ? `${counted(events, "anomalous event")} found` : "No anomalies found";
}

/** How many points have a score. */
function judgedOf({ score, summary }) {
  return score ? score.reduce((n, each) => n + (each !== null), 0) : summary.points - summary.missing - summary.warm_up;
}

function outcome(answer) {
  const { summary } = answer;
  const judged = judgedOf(answer);
  if (summary.events)
    return `: ${count(summary.anomalies)} of ${counted(judged, "point")} judged ${summary.anomalies === 1 ? "is" : "are"} anomalous.`;
  if (judged > 0)
    return `: ${judged === 1 ? "the one point judged is usual" : `all ${count(judged)} points judged are usual`}. A smaller sigma or threshold reports smaller deviations.`;
  return ": no point could be judged. The series is too short for this detector, or too much of it is missing.";
}

/** The verdict on an answer of the service as [headline, rest]: what was found, in which column, of how many points, in what time. */
export function verdictWords(answer) {
  const { summary, column } = answer;
  const seconds = Object.values(summary.seconds ?? {}).reduce((sum, each) => sum + each, 0);
  return [`${headline(summary)}${column ? ` in “${column}”` : ""}`, `${outcome(answer)} Took ${seconds.toFixed(2)} s.`];
}

/** Draws the verdict on an answer of the service. */
export function drawVerdict(place, answer) {
  const [found, rest] = verdictWords(answer);
  place.replaceChildren(element("strong", {}, found), rest);
}

/** Draws what the detector learned of the series, a sentence each. */
export function drawNotes(place, { summary }) {
  const notes = summary.notes ?? [];
  place.replaceChildren(...notes.map((note) => element("li", {}, styled(note.message))));
  place.hidden = !notes.length;
}

/** Says what an anomaly is here, and which points could not be judged. */
export function drawJudgedHow(place, { summary, threshold }) {
  const found = [`A point is an anomaly when its score is above the threshold, ${rough(threshold)}.`];
  if (summary.warm_up) {
    found.push(
      `The detector needs earlier points to judge by: ${counted(summary.warm_up, "point was", "points were")} used for that and not judged (warm-up).`,
    );
  }
  if (summary.period && !summary.notes?.length)
    found.push(`The series was seen to repeat itself every ${counted(summary.period, "point")}.`);
  place.textContent = found.join(" ");
}

/** Where nothing was found: names the columns that were not judged, and offers them; `onChoose(name)` judges one. */
export function drawOtherColumns(place, { summary, column, columns }, onChoose) {
  const others = summary.events ? [] : (columns ?? []).filter((name) => name !== column);
  place.replaceChildren();
  if (!others.length) return;
  const offer = (name) =>
    element("button", { type: "button", class: "button small", onclick: () => onChoose(name) }, `Judge “${name}”`);
  const left = others.length - MOST_OFFERED;
  place.append(
    element(
      "p",
      {},
      `${others.length === 1 ? "Another column was" : `${count(others.length)} other columns were`} not judged.`,
    ),
    element("div", { class: "tools" }, ...others.slice(0, MOST_OFFERED).map(offer)),
    left > 0 ? element("p", { class: "hint" }, `${count(left)} more under Column to judge.`) : "",
  );
}
