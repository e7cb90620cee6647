// The events as a table: each row leads to its place in the chart.
import { element } from "./dom.js";
import { count, counted, duration, number, signed, styled, time, times } from "./format.js";

const PAGE_ROWS = 50;
const DIRECTIONS = { above: ["▲", "above"], below: ["▼", "below"], shape: ["◆", "shape"] };
const ORDERS = {
  time: (a, b) => a.start - b.start,
  severity: (a, b) => b.severity - a.severity || a.start - b.start,
};

/**
 * The first and the last point of an event on the axis.
 * @param {AnomalyEvent} event
 * @param {boolean} hasTimes
 * @returns {[number, number]}
 */
export function axisSpan(event, hasTimes) {
  if (event.from !== undefined && event.to !== undefined) return [event.from, event.to];
  return hasTimes ? [Number(event.start_time), Number(event.stop_time)] : [event.start, event.stop - 1];
}

const startText = (event, hasTimes) => {
  const [first] = axisSpan(event, hasTimes);
  return hasTimes ? time(first) : `Point ${count(first)}`;
};

function durationText(event, hasTimes) {
  const { start, stop, open } = event;
  const [first, last] = axisSpan(event, hasTimes);
  const length = hasTimes && stop - start > 1 ? `, ${duration(last - first)}` : "";
  return `${counted(stop - start, "point")}${length}${open ? ", so far" : ""}`;
}

function valueCells({ value, expected }) {
  const difference = Number.isFinite(expected) ? `expected ${number(expected)}, ${signed(value - expected)}` : "";
  return [number(value), element("span", { class: "hint" }, difference)];
}

function severityBar(value, max) {
  const bar = element("span", { class: "bar", "aria-hidden": "true" });
  bar.style.width = `${(value / max) * 100}%`;
  return element("span", { class: "severity" }, times(value), bar);
}

function selectRow(row) {
  for (const each of row.parentElement.children) each.classList.toggle("chosen", each === row);
}

/**
 * @typedef {object} RowOptions
 * @property {boolean} hasTimes
 * @property {number} maxSeverity its bar is as long as the cell is wide
 * @property {(event: AnomalyEvent) => void} onSelect
 * @property {string} [badge] shown before the explanation
 * @property {(event: AnomalyEvent) => HTMLElement} [labelButtons] a cell to label the event
 */

/**
 * The row of one event.
 * @param {AnomalyEvent} event
 * @param {RowOptions} options
 */
export function eventRow(event, { hasTimes, maxSeverity, onSelect, badge, labelButtons }) {
  const [sign, direction] = DIRECTIONS[event.direction] ?? DIRECTIONS.shape;
  const cell = (label, properties, ...children) =>
    element("td", { role: "cell", "data-label": label, ...properties }, ...children);
  const at = startText(event, hasTimes);
  const locator = element(
    "button",
    { type: "button", class: "locator", "aria-label": `Show the event at ${at} in the chart` },
    at,
  );
  const explanation = styled(event.explanation);
  const row = element(
    "tr",
    { role: "row", "data-start": event.start },
    cell("Start", {}, locator),
    labelButtons && cell("Right?", {}, labelButtons(event)),
    cell("Size", { class: "size" }, element("span", {}, ...valueCells(event))),
    cell(
      "Direction",
      { class: "direction" },
      element("span", {}, element("span", { class: "sign", "aria-hidden": "true" }, `${sign} `), direction),
    ),
    cell("Duration", {}, durationText(event, hasTimes)),
    cell("Severity", {}, severityBar(event.severity, maxSeverity)),
    cell(
      "Explanation",
      { class: "explanation" },
      badge ? element("span", {}, element("span", { class: "badge labelled" }, badge), explanation) : explanation,
    ),
  );
  row.addEventListener("click", () => {
    selectRow(row);
    locator.focus({ preventScroll: true }); // wherever in the row the click was: keys continue from here
    onSelect(event);
  });
  return row;
}

/** The table around such rows. */
export function eventRows(hasTimes, rows, labelled = false) {
  const head = ["Start", ...(labelled ? ["Right?"] : []), "Size", "Direction", "Duration", "Severity", "Explanation"];
  return element(
    "table",
    { role: "table" },
    element(
      "caption",
      {},
      `${hasTimes ? "Times are UTC. " : ""}Severity compares the worst point with the band: just above 1 × is barely an anomaly, 2 × is twice `,
      "the allowed distance. Choose an event to see it in the chart.",
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

/** The events of a detection. Drawn again, it keeps its order, its number of rows, the selected row and the focus. */
export class EventTable {
  /**
   * @param {HTMLElement} root
   * @param {{onSelect: (event: AnomalyEvent) => void, labelButtons: (event: AnomalyEvent) => HTMLElement}} options
   */
  constructor(root, { onSelect, labelButtons }) {
    this.root = root;
    this.onSelect = onSelect;
    this.labelButtons = labelButtons;
    this.order = "time";
    this.rows = PAGE_ROWS;
    /** @type {AnomalyEvent[]} */
    this.events = [];
    this.total = 0;
    this.hasTimes = false;
  }

  /**
   * @param {AnomalyEvent[]} events
   * @param {{total: number, hasTimes: boolean}} detection `total`: of very many, the service sends the most severe
   */
  draw(events, { total, hasTimes }) {
    this.events = events;
    this.total = total;
    this.hasTimes = hasTimes;
    if (events.length) this.redraw();
    else this.root.replaceChildren();
  }

  redraw() {
    const { root, events, hasTimes, labelButtons, onSelect } = this;
    const shown = events.toSorted(ORDERS[this.order]).slice(0, this.rows);
    const maxSeverity = shown.reduce((highest, event) => Math.max(highest, event.severity), 0);
    const options = { hasTimes, maxSeverity, onSelect, labelButtons };
    const selected = /** @type {HTMLElement | null} */ (root.querySelector("tr.chosen"))?.dataset.start;
    const restoreFocus = root.contains(document.activeElement) ? focusRestorer(document.activeElement) : null;
    const rows = shown.map((event) => eventRow(event, options));
    rows.find((row) => row.dataset.start === selected)?.classList.add("chosen");
    root.replaceChildren(
      element(
        "div",
        { class: "table-bar" },
        element("label", {}, "Order by", this.orderSelect()),
        element("span", { class: "hint" }, this.countText(shown.length)),
      ),
      element(
        "div",
        { class: "events scroll", role: "region", "aria-label": "Table of events", tabindex: 0 },
        eventRows(hasTimes, rows, true),
      ),
      ...this.moreButton(events.length - shown.length),
    );
    restoreFocus?.(root);
  }

  countText(shown) {
    const { events, total } = this;
    const cut = total > events.length ? `; the table holds the ${count(events.length)} most severe` : "";
    return `${count(shown)} of ${counted(total, "event")} shown${cut}`;
  }

  orderSelect() {
    const select = element(
      "select",
      {
        onchange: () => {
          this.order = select.value;
          this.redraw();
          this.root.querySelector("select")?.focus();
        },
      },
      ...Object.keys(ORDERS).map((order) => element("option", { value: order, selected: order === this.order }, order)),
    );
    return select;
  }

  moreButton(left) {
    if (left <= 0) return [];
    const showMore = () => {
      this.rows *= 4;
      this.redraw();
    };
    const words = `Show ${count(Math.min(left, this.rows * 3))} more of ${count(left)}`;
    return [element("button", { type: "button", class: "button small", onclick: showMore }, words)];
  }

  /** Marks the row of an event that was selected elsewhere, and scrolls the table to it. */
  select(event) {
    const row = this.root.querySelector(`tr[data-start="${event.start}"]`);
    if (!row) return;
    selectRow(row);
    row.scrollIntoView({ block: "nearest" });
  }
}

/** A function that focuses the same button of the same row in the table drawn next. */
function focusRestorer(active) {
  const row = active.closest("tr");
  const index = row ? [...row.querySelectorAll("button")].indexOf(active) : -1;
  if (index < 0) return null;
  return (root) => {
    const buttons = root.querySelector(`tr[data-start="${row.dataset.start}"]`)?.querySelectorAll("button");
    buttons?.[index]?.focus({ preventScroll: true });
  };
}
