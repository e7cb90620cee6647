// The events as a table: each row leads to its place in the chart.
import { element } from "./dom.js";
import { count, counted, duration, number, signed, styled, time, times } from "./format.js";

const PAGE = 50; // rows shown at a time
const DIRECTIONS = { above: ["▲", "above"], below: ["▼", "below"], shape: ["◆", "shape"] };
const ORDERS = {
  time: (a, b) => a.start - b.start,
  severity: (a, b) => b.severity - a.severity || a.start - b.start,
};

/** [first, last] place of an event on the axis, from the series' own points or, where those are not at hand, its times. */
const ends = ({ x, hasTimes }, { start, stop, start_time: first, stop_time: last }) =>
  x ? [x[start], x[stop - 1]] : hasTimes ? [first, last] : [start, stop - 1];

const when = (series, event) =>
  series.hasTimes ? time(ends(series, event)[0]) : `Point ${count(ends(series, event)[0])}`;

function lasted(series, event) {
  const { start, stop, open } = event;
  const [first, last] = ends(series, event);
  const time = series.hasTimes && stop - start > 1 ? `, ${duration(last - first)}` : "";
  return `${counted(stop - start, "point")}${time}${open ? ", so far" : ""}`;
}

function size({ value, expected }) {
  const gap = Number.isFinite(expected) ? `expected ${number(expected)}, ${signed(value - expected)}` : "";
  return [number(value), element("span", { class: "hint" }, gap)];
}

function severity(value, most) {
  const bar = element("span", { class: "bar", "aria-hidden": "true" });
  bar.style.width = `${(value / most) * 100}%`;
  return element("span", { class: "severity" }, times(value), bar);
}

/**
 * The row of one event, with what people `said` of it; bars of severity are as long as the row is wide at `most`.
 * `says(event)` makes what a person can say of it, in a cell of its own.
 */
export function eventRow(series, event, most, onChoose, says) {
  const [sign, word] = DIRECTIONS[event.direction] ?? DIRECTIONS.shape;
  const cell = (label, properties, ...children) =>
    element("td", { role: "cell", "data-label": label, ...properties }, ...children);
  const at = when(series, event);
  const button = element("button", { type: "button", class: "locator" }, at);
  button.setAttribute("aria-label", `Show the event at ${at} in the chart`);
  const made = element(
    "tr",
    { role: "row", "data-start": event.start },
    cell("Start", {}, button),
    ...(says ? [cell("Right?", {}, says(event))] : []),
    cell("Size", { class: "size" }, element("span", {}, ...size(event))),
    cell(
      "Direction",
      { class: "direction" },
      element("span", {}, element("span", { class: "sign", "aria-hidden": "true" }, `${sign} `), word),
    ),
    cell("Duration", {}, lasted(series, event)),
    cell("Severity", {}, severity(event.severity, most)),
    cell(
      "Explanation",
      { class: "explanation" },
      event.said
        ? element("span", {}, element("span", { class: "badge labelled" }, event.said), styled(event.explanation))
        : styled(event.explanation),
    ),
  );
  made.addEventListener("click", () => {
    choose(made);
    button.focus({ preventScroll: true }); // wherever in the row the click was: keys go on from here
    onChoose(event);
  });
  return made;
}

function choose(row) {
  for (const each of row.parentElement.children) each.classList.toggle("chosen", each === row);
}

/** The table around such rows. */
export function eventTable(hasTimes, rows, says = false) {
  const head = ["Start", ...(says ? ["Right?"] : []), "Size", "Direction", "Duration", "Severity", "Explanation"];
  return element(
    "table",
    { role: "table" },
    element(
      "caption",
      {},
      `${hasTimes ? "Times are UTC. " : ""}Severity says how unusual the worst point is: just above 1 × is barely an anomaly, at 2 × it is twice `,
      "as far off as is allowed. Choose an event to see it in the chart.",
    ),
    element(
      "thead",
      { role: "rowgroup" },
      element(
        "tr",
        { role: "row" },
        ...head.map((name) => element("th", { role: "columnheader", scope: "col" }, name)),
      ),
    ),
    element("tbody", { role: "rowgroup" }, ...rows),
  );
}

/** What a person chose of a table, kept while its events change. */
const views = new WeakMap();

/**
 * Draws the events of `series` into `place`; `onChoose(event)` is told which one a person wants to see; `says` as in
 * eventRow. Drawn again, it keeps its order, the number of its rows and the row that was chosen.
 */
export function drawEvents(place, series, onChoose, { says, ...changes } = {}) {
  if (!series.events.length) {
    place.replaceChildren();
    return;
  }
  const view = { order: "time", rows: PAGE, ...views.get(place), ...changes };
  views.set(place, view);
  const again = (more) => drawEvents(place, series, onChoose, { says, ...more });
  const order = element(
    "select",
    {
      onchange: (e) => {
        again({ order: e.target.value });
        place.querySelector("select").focus();
      },
    },
    ...["time", "severity"].map((each) => element("option", { value: each, selected: each === view.order }, each)),
  );
  const shown = series.events.toSorted(ORDERS[view.order]).slice(0, view.rows);
  const left = series.events.length - shown.length;
  const all = series.summary?.events ?? series.events.length; // of very many, the service sends the most severe
  const most = shown.reduce((highest, event) => Math.max(highest, event.severity), 0);
  const chosen = place.querySelector("tr.chosen")?.dataset.start;
  const focus = place.contains(document.activeElement) ? focusIn(document.activeElement) : null;
  const table = shown.map((event) => eventRow(series, event, most, onChoose, says));
  table.find((row) => row.dataset.start === chosen)?.classList.add("chosen");
  const more =
    left > 0 &&
    element(
      "button",
      { type: "button", class: "button small", onclick: () => again({ rows: view.rows * 4 }) },
      `Show ${count(Math.min(left, view.rows * 3))} more of ${count(left)}`,
    );
  place.replaceChildren(
    element(
      "div",
      { class: "table-bar" },
      element("label", {}, "Order by", order),
      element(
        "span",
        { class: "hint" },
        `${count(shown.length)} of ${counted(all, "event")} shown${all > series.events.length ? `; the table holds the ${count(series.events.length)} most severe` : ""}`,
      ),
    ),
    element(
      "div",
      { class: "events scroll", role: "region", "aria-label": "Table of events", tabindex: 0 },
      eventTable(series.hasTimes, table, Boolean(says)),
    ),
    ...(more ? [more] : []),
  );
  focus?.(place);
}

/** A way to the same button of the same row in the table drawn next. */
function focusIn(active) {
  const row = active.closest("tr");
  const at = row ? [...row.querySelectorAll("button")].indexOf(active) : -1;
  return at < 0
    ? null
    : (place) =>
        place
          .querySelector(`tr[data-start="${row.dataset.start}"]`)
          ?.querySelectorAll("button")
          [at]?.focus({ preventScroll: true });
}

/** Marks the row of an event that was chosen elsewhere, and brings it into view within the table. */
export function markRow(place, event) {
  const row = place.querySelector(`tr[data-start="${event.start}"]`);
  if (!row) return;
  choose(row);
  row.scrollIntoView({ block: "nearest" });
}
