// The columns as thumbnails: a small chart of each, with its events after a detection; a click opens one.
import { element, find, svgElement } from "../ui/dom.js";
import { count, counted, rough } from "../ui/format.js";

const PAGE_SIZE = 24; // thumbnails
const WIDTH = 240;
const HEIGHT = 56;
const MIN_EVENT_WIDTH = 3; // pixels

/** Lowest and highest number of a column with gaps; [0, 1] where there is none. @returns {[number, number]} */
export function extent(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

/** The line through `values` at increasing `x` as an SVG path; it breaks where a value is missing. */
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

function drawing({ x, values }, events = []) {
  const svg = svgElement("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
    class: "thumbnail-line",
  });
  const [first, last] = [x[0], x[x.length - 1]];
  const across = (at) => (last > first ? ((at - first) / (last - first)) * WIDTH : WIDTH / 2);
  for (const { from, to } of events) {
    const [left, right] = [across(from), across(to)];
    const width = Math.max(MIN_EVENT_WIDTH, right - left);
    const start = Math.max(0, Math.min(WIDTH - width, (left + right - width) / 2));
    svg.append(
      svgElement("rect", {
        x: start.toFixed(1),
        y: 0,
        width: width.toFixed(1),
        height: HEIGHT,
        class: "thumbnail-event",
      }),
    );
  }
  svg.append(svgElement("path", { d: pathOf(x, values), class: "thumbnail-path" }));
  return svg;
}

/** @typedef {{from: number, to: number}[] | "running" | undefined} ColumnState the events of a column, once detected */

/** The state of a column in words. @param {ColumnState} events */
export function stateText(events) {
  if (events === undefined) return "no detection yet";
  if (events === "running") return "detecting …";
  return events.length ? counted(events.length, "event") : "no events";
}

export class ColumnThumbnails {
  /**
   * @param {HTMLElement} root
   * @param {{onSelect: (column: string) => void, onDetectAll: () => void}} events
   */
  constructor(root, { onSelect, onDetectAll }) {
    this.root = root;
    this.onSelect = onSelect;
    this.problem = find(root, "#columns-problem");
    this.list = find(root, "#thumbnails");
    this.shown = PAGE_SIZE;
    /** @type {{name: string, x: number[], values: number[]}[]} */
    this.columns = [];
    /** @type {Map<string, ColumnState>} */
    this.states = new Map();
    this.selected = "";
    find(root, "#detect-all").addEventListener("click", onDetectAll);
  }

  /**
   * @param {{name: string, x: number[], values: number[]}[]} columns
   * @param {{states: Map<string, ColumnState>, selected: string}} page
   */
  draw(columns, { states, selected }) {
    if (columns !== this.columns) this.shown = PAGE_SIZE;
    this.columns = columns;
    this.states = states;
    this.selected = selected;
    this.redraw();
  }

  redraw() {
    const rest = this.columns.length - this.shown;
    const text = `Show ${count(Math.min(PAGE_SIZE, rest))} more of ${count(rest)}`;
    const more = element("button", { type: "button", class: "button small", onclick: () => this.showMore() }, text);
    this.list.replaceChildren(
      element("div", { class: "thumbnails" }, ...this.columns.slice(0, this.shown).map((each) => this.card(each))),
      ...(rest > 0 ? [more] : []),
    );
  }

  showMore() {
    const first = this.shown;
    this.shown += PAGE_SIZE;
    this.redraw();
    /** @type {HTMLElement | undefined} */ (this.list.querySelectorAll(".thumbnail")[first])?.focus();
  }

  card(column) {
    const { name, values } = column;
    const columnState = this.states.get(name);
    const events = Array.isArray(columnState) ? columnState : undefined;
    const [low, high] = extent(values);
    const pressed = String(name === this.selected);
    return element(
      "button",
      { type: "button", class: "thumbnail", "aria-pressed": pressed, onclick: () => this.onSelect(name) },
      element(
        "span",
        { class: "thumbnail-head" },
        element("strong", {}, name),
        element("span", { class: events?.length ? "badge has-events" : "hint" }, stateText(columnState)),
      ),
      drawing(column, events),
      element("span", { class: "hint" }, `${rough(low)} to ${rough(high)}`),
    );
  }
}
