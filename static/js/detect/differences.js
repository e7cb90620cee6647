// Two detections side by side: the events that only one of them has.
import { element } from "../ui/dom.js";
import { count, counted, time, times } from "../ui/format.js";
import { compareEvents } from "./event_rate.js";

const MAX_LISTED = 8; // events

const when = ({ start, start_time: at }) =>
  at === null || at === undefined ? `Point ${count(start)}` : time(typeof at === "number" ? at : Date.parse(at));

function list(words, events, onSelect) {
  if (!events.length) return null;
  const one = (event) =>
    element(
      "li",
      {},
      element("button", { type: "button", class: "locator", onclick: () => onSelect(event) }, when(event)),
      element("span", { class: "hint" }, ` ${event.direction}, ${times(event.severity)}`),
    );
  return element(
    "div",
    {},
    element("h3", {}, `${words} (${count(events.length)})`),
    element(
      "ul",
      { class: "plain" },
      ...events.slice(0, MAX_LISTED).map(one),
      events.length > MAX_LISTED
        ? element("li", { class: "hint" }, `and ${count(events.length - MAX_LISTED)} more`)
        : null,
    ),
  );
}

/** The same in a sentence: "8 events before, 6 now: 1 gained, 3 lost, 5 the same." Where some ran together or came apart,
 * each side is counted by itself, so that the numbers add up. */
export function differenceText(before, after, names) {
  const [first, second] = names;
  const { gained, lost, same } = compareEvents(before, after);
  const left = before.length - lost.length;
  const rest =
    left === same.length
      ? `${count(left)} the same`
      : `the other ${count(left)} ${first} lie where the other ${count(same.length)} ${second} do`;
  return `${counted(before.length, "event")} ${first}, ${count(after.length)} ${second}: ${count(gained.length)} gained, ${count(lost.length)} lost, ${rest}.`;
}

/** Draws what changed from the events `before` to those `after`; `names` are the words for the two. */
export function drawDifferences(root, before, after, names, onSelect) {
  const { gained, lost } = compareEvents(before, after);
  const lists = [list(`Only ${names[1]}`, gained, onSelect), list(`Only ${names[0]}`, lost, onSelect)].filter(Boolean);
  root.hidden = false;
  root.replaceChildren(
    element("p", {}, element("strong", {}, differenceText(before, after, names))),
    element("div", { class: "side-by-side" }, ...lists),
  );
}
