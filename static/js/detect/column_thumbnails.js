// All columns at a glance: a small chart of each, with its events once it was judged; a click leads to one.
import { element } from "../ui/dom.js";
import { count, counted, rough } from "../ui/format.js";

const PAGE = 24; // charts shown at a time
const [WIDTH, HEIGHT] = [240, 56];
const LEAST = 3; // pixels of an event

const NS = "http://www.w3.org/2000/svg";
function shape(name, attributes) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** Lowest and highest number of a column with gaps; [0, 1] where there is none. */
export function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

/** The line through `values` at `x` (same length, x increasing) in a box, as an SVG path; it breaks where one is missing. */
export function pathOf(x, values, width = WIDTH, height = HEIGHT, pad = 3) {
  if (!x.length) return "";
  const [first, last] = [x[0], x[x.length - 1]];
  const [low, high] = extent(values);
  const across = (at) => (last > first ? ((at - first) / (last - first)) * width : width / 2);
  const up = (value) => (high > low ? height - pad - ((value - low) / (high - low)) * (height - 2 * pad) : height / 2);
  let path = "";
  let pen = "M";
  values.forEach((value, k) => {
    if (!Number.isFinite(value) || value === null) {
      pen = "M";
      return;
    }
    path += `${pen}${across(x[k]).toFixed(1)} ${up(value).toFixed(1)}`;
    pen = "L";
  });
  return path;
}

function drawing({ x, values }, events) {
  const svg = shape("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
    class: "thumbnail-line",
  });
  const [first, last] = [x[0], x[x.length - 1]];
  const across = (at) => (last > first ? ((at - first) / (last - first)) * WIDTH : WIDTH / 2);
  for (const { from, to } of events ?? []) {
    const [left, right] = [across(from), across(to)];
    const wide = Math.max(LEAST, right - left);
    svg.append(
      shape("rect", {
        x: Math.max(0, Math.min(WIDTH - wide, (left + right - wide) / 2)).toFixed(1),
        y: 0,
        width: wide.toFixed(1),
        height: HEIGHT,
        class: "thumbnail-event",
      }),
    );
  }
  svg.append(shape("path", { d: pathOf(x, values), class: "thumbnail-path" }));
  return svg;
}

/** What is known of a column's events, in words. */
export const eventWords = (judged) =>
  judged === undefined
    ? "not judged yet"
    : judged === "busy"
      ? "being judged …"
      : judged.length
        ? counted(judged.length, "event")
        : "no events";

function card(column, judged, chosen, onChoose) {
  const events = Array.isArray(judged) ? judged : undefined;
  const [low, high] = extent(column.values);
  return element(
    "button",
    { type: "button", class: "thumbnail", "aria-pressed": String(chosen), onclick: () => onChoose(column.name) },
    element(
      "span",
      { class: "thumbnail-head" },
      element("strong", {}, column.name),
      element("span", { class: events?.length ? "badge found" : "hint" }, eventWords(judged)),
    ),
    drawing(column, events),
    element("span", { class: "hint" }, `${rough(low)} to ${rough(high)}`),
  );
}

/**
 * Draws `columns` [{name, x, values}] into `place`. `judged` holds by name the events [{from, to}], or "busy";
 * `chosen` is the name of the one looked at; `onChoose(name)` is told of a click.
 */
export function drawSmalls(place, columns, { judged, chosen, onChoose, shown = PAGE }) {
  const again = () => {
    drawSmalls(place, columns, { judged, chosen, onChoose, shown: shown + PAGE });
    place.querySelectorAll(".thumbnail")[shown]?.focus();
  };
  const rest = columns.length - shown;
  place.replaceChildren(
    element(
      "div",
      { class: "thumbnails" },
      ...columns.slice(0, shown).map((each) => card(each, judged.get(each.name), each.name === chosen, onChoose)),
    ),
    rest > 0
      ? element(
          "button",
          { type: "button", class: "button small", onclick: again },
          `Show ${count(Math.min(PAGE, rest))} more of ${count(rest)}`,
        )
      : "",
  );
}
