// Silences of a stream, and events older than the points that the page holds.
import { requestJson } from "../ui/api.js";
import { element, find } from "../ui/dom.js";
import { count, counted, duration, styled, time, times } from "../ui/format.js";

const POLL_INTERVAL = 2000; // milliseconds, at least
const MAX_EVENTS = 1000;
const MAX_ROWS = 50;

const KINDS = { anomaly: "Anomaly", silence: "Silence" };

/** `known` with `fresh` in place of those of the same id, the newest first. */
export function mergeEvents(known, fresh) {
  const ids = new Set(fresh.map(({ id }) => id));
  return [...fresh, ...known.filter(({ id }) => !ids.has(id))].sort((a, b) => b.start - a.start).slice(0, MAX_EVENTS);
}

const startText = (event) => (event.start_time === null ? `Point ${count(event.start)}` : time(event.start_time));

function durationText({ kind, open, seconds, anomalies }) {
  const ms = seconds * 1000; // below two minutes to three digits, as in the explanation
  const length = ms > 0 ? duration(ms < 120000 ? Number(ms.toPrecision(3)) : ms) : "";
  const points = kind === "silence" ? "" : counted(anomalies, "anomaly", "anomalies");
  return [points, length, open ? "so far" : ""].filter(Boolean).join(", ");
}

export class EventHistory {
  /** @type {any[]} */
  events = [];
  /** @type {string | null} */
  cursor = null;
  polledAt = -Infinity;
  /** What is drawn, as JSON. */
  drawn = "";

  /**
   * @param {HTMLElement} root
   * @param {{url: () => string, onSelect: (event: any) => void}} options `url` of the stream
   */
  constructor(root, { url, onSelect }) {
    this.root = root;
    this.url = url;
    this.onSelect = onSelect;
    this.table = find(root, "#event-history");
  }

  clear() {
    this.events = [];
    this.cursor = null;
    this.polledAt = -Infinity;
    this.drawn = "";
    this.root.hidden = true;
    this.table.replaceChildren();
  }

  /** Requests what changed. @param {number} earliest the cursor before the first point that the page holds */
  async poll(earliest) {
    if (performance.now() - this.polledAt < POLL_INTERVAL) return;
    this.polledAt = performance.now();
    const url = this.url();
    const query = new URLSearchParams({ times: "ms", limit: String(MAX_EVENTS) });
    if (this.cursor) query.set("after", this.cursor);
    const response = await requestJson("GET", `${url}/events?${query}`);
    if (url !== this.url()) return;
    this.cursor = response.cursor;
    this.events = mergeEvents(this.events, response.events);
    this.draw(earliest);
  }

  draw(earliest) {
    const events = this.events.filter(({ kind, start }) => kind === "silence" || start <= earliest);
    const shown = events.slice(0, MAX_ROWS);
    const content = JSON.stringify(shown);
    if (content === this.drawn) return;
    this.drawn = content;
    this.root.hidden = !shown.length;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.event;
    this.table.replaceChildren(...(shown.length ? [this.tableOf(shown, events.length)] : []));
    if (!focused) return;
    /** @type {HTMLElement | null} */ (this.table.querySelector(`[data-event="${CSS.escape(focused)}"]`))?.focus();
  }

  tableOf(shown, total) {
    const heads = ["Start", "Kind", "Duration", "Severity", "Explanation"];
    const cells = heads.map((name) => element("th", { role: "columnheader", scope: "col" }, name));
    const cut = total > shown.length ? `The newest ${count(shown.length)} of ${count(total)}. ` : "";
    const label = "Table of silences and earlier events";
    return element(
      "div",
      { class: "events scroll", role: "region", "aria-label": label, tabindex: 0 },
      element(
        "table",
        { role: "table" },
        element("caption", {}, `${cut}Choose one to see it in the chart.`),
        element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...cells)),
        element("tbody", { role: "rowgroup" }, ...shown.map((event) => this.row(event))),
      ),
    );
  }

  row(event) {
    const cell = (label, ...children) =>
      element(
        "td",
        { role: "cell", "data-label": label, class: label === "Explanation" ? "explanation" : undefined },
        ...children,
      );
    const kind = KINDS[event.kind];
    const label = `Show the ${kind.toLowerCase()} at ${startText(event)} in the chart`;
    const properties = { type: "button", class: "locator", "data-event": event.id, "aria-label": label };
    const row = element(
      "tr",
      { role: "row" },
      cell("Start", element("button", properties, startText(event))),
      cell("Kind", kind),
      cell("Duration", durationText(event)),
      cell("Severity", event.severity === null ? "–" : times(event.severity)),
      cell("Explanation", styled(event.explanation)),
    );
    row.addEventListener("click", () => this.onSelect(event));
    return row;
  }
}
