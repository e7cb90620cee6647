// Two judgements side by side: the events that one has and the other has not.
import { element } from "../ui/dom.js";
import { count, counted, time, times } from "../ui/format.js";
import { changed } from "./event_rate.js";

const MOST = 8; // events listed

const when = ({ start, start_time: at }) =>
  at === null || at === undefined ? `Point ${count(start)}` : time(typeof at === "number" ? at : Date.parse(at));

function list(words, events, onChoose) {
  if (!events.length) return null;
  const one = (event) =>
    element(
      "li",
      {},
      element("button", { type: "button", class: "locator", onclick: () => onChoose(event) }, when(event)),
      element("span", { class: "hint" }, ` ${event.direction}, ${times(event.severity)}`),
    );
  return element(
    "div",
    {},
    element("h3", {}, `${words} (${count(events.length)})`),
    element(
      "ul",
      { class: "plain" },
      ...events.slice(0, MOST).map(one),
      events.length > MOST ? element("li", { class: "hint" }, `and ${count(events.length - MOST)} more`) : null,
    ),
  );
}

/** The same in a sentence: "8 events before, 6 now: 1 gained, 3 lost, 5 the same." Where some ran together or came apart,
 * each side is counted by itself, so that the numbers add up. */
export function differenceWords(before, after, [first, second]) {
  const { gained, lost, kept } = changed(before, after);
  const left = before.length - lost.length;
  const rest =
    left === kept.length
      ? `${count(left)} the same`
      : `the other ${count(left)} ${first} lie where the other ${count(kept.length)} ${second} do`;
  return `${counted(before.length, "event")} ${first}, ${count(after.length)} ${second}: ${count(gained.length)} gained, ${count(lost.length)} lost, ${rest}.`;
}

/** Draws what changed from the events `before` to those `after`; `names` are the words for the two. */
export function drawDifferences(place, before, after, names, onChoose) {
  const { gained, lost } = changed(before, after);
  const lists = [list(`Only ${names[1]}`, gained, onChoose), list(`Only ${names[0]}`, lost, onChoose)].filter(Boolean);
  place.hidden = false;
  place.replaceChildren(
    element("p", {}, element("strong", {}, differenceWords(before, after, names))),
    element("div", { class: "side-by-side" }, ...lists),
  );
}
