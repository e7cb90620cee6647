// The events as a table: each row leads to its place in the chart.
import { element } from "./dom.js";
import { count, counted, duration, number, rough, signed, styled, time } from "./format.js";

const PAGE = 50; // rows shown at a time
const DIRECTIONS = { above: ["▲", "above"], below: ["▼", "below"], shape: ["◆", "shape"] };
const ORDERS = {
  time: (a, b) => a.start - b.start,
  severity: (a, b) => b.severity - a.severity || a.start - b.start,
};

const when = (series, at) => (series.hasTimes ? time(series.x[at]) : `Point ${count(series.x[at])}`);

function lasted(series, { start, stop, open }) {
  const points = counted(stop - start, "point");
  const time = series.hasTimes && stop - start > 1 ? `, ${duration(series.x[stop - 1] - series.x[start])}` : "";
  return `${points}${time}${open ? ", so far" : ""}`;
}

function size({ value, expected }) {
  const gap = Number.isFinite(expected) ? `expected ${number(expected)}, ${signed(value - expected)}` : "";
  return [number(value), element("span", { class: "hint" }, gap)];
}

function severity(value, most) {
  const bar = element("span", { class: "bar", "aria-hidden": "true" });
  bar.style.width = `${(value / most) * 100}%`;
  return element("span", { class: "severity" }, `${rough(value)} ×`, bar);
}

/** The row of one event, with what people `said` of it; bars of severity are as long as the row is wide at `most`. */
export function eventRow(series, event, most, onChoose) {
  const [sign, word] = DIRECTIONS[event.direction] ?? DIRECTIONS.shape;
  const cell = (label, properties, ...children) =>
    element("td", { role: "cell", "data-label": label, ...properties }, ...children);
  const at = when(series, event.start);
  const button = element("button", { type: "button", class: "at" }, at);
  button.setAttribute("aria-label", `Show the event at ${at} in the chart`);
  const made = element("tr", { role: "row" },
    cell("Start", {}, button),
    cell("Size", { class: "size" }, element("span", {}, ...size(event))),
    cell("Direction", { class: "direction" },
      element("span", {}, element("span", { class: "sign", "aria-hidden": "true" }, `${sign} `), word)),
    cell("Duration", {}, lasted(series, event)),
    cell("Severity", {}, severity(event.severity, most)),
    cell("Explanation", { class: "why" }, event.said ? element("span", {}, element("span", { class: "badge said" }, event.said), styled(event.explanation))
      : styled(event.explanation)));
  made.addEventListener("click", () => {
    for (const each of made.parentElement.children) each.classList.toggle("chosen", each === made);
    button.focus({ preventScroll: true }); // wherever in the row the click was: keys go on from here
    onChoose(event);
  });
  return made;
}

/** The table around such rows. */
export function eventTable(hasTimes, rows) {
  const head = ["Start", "Size", "Direction", "Duration", "Severity", "Explanation"];
  return element("table", { role: "table" },
    element("caption", {},
      `${hasTimes ? "Times are UTC. " : ""}Severity says how far beyond the allowed distance the worst point lies: at 2 × it is twice as far off as `,
      "a point may be. Choose an event to see it in the chart."),
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" },
      ...head.map((name) => element("th", { role: "columnheader", scope: "col" }, name)))),
    element("tbody", { role: "rowgroup" }, ...rows));
}

/** Draws the events of `series` into `place`; `onChoose(event)` is told which one a person wants to see. */
export function drawEvents(place, series, onChoose, { order = "time", rows = PAGE } = {}) {
  if (!series.events.length) {
    place.replaceChildren();
    return;
  }
  const again = (changes) => drawEvents(place, series, onChoose, { order, rows, ...changes });
  const choice = element("select", { onchange: (e) => { again({ order: e.target.value }); place.querySelector("select").focus(); } },
    ...["time", "severity"].map((each) => element("option", { value: each, selected: each === order }, each)));
  const shown = series.events.toSorted(ORDERS[order]).slice(0, rows);
  const left = series.events.length - shown.length;
  const most = shown.reduce((highest, event) => Math.max(highest, event.severity), 0);
  const table = shown.map((event) => eventRow(series, event, most, onChoose));
  const more = left > 0 && element("button", { type: "button", class: "button small", onclick: () => again({ rows: rows * 4 }) },
    `Show ${count(Math.min(left, rows * 3))} more of ${count(left)}`);
  place.replaceChildren(
    element("div", { class: "table-bar" }, element("label", {}, "Order by", choice),
      element("span", { class: "hint" }, `${count(shown.length)} of ${counted(series.events.length, "event")} shown`)),
    element("div", { class: "events scroll", role: "region", "aria-label": "Table of events", tabindex: 0 }, eventTable(series.hasTimes, table)),
    ...(more ? [more] : []));
}
