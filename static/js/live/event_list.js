// The events of a stream as a table that grows at its top: rows stay the same elements, so that focus and clicks do.
import { element } from "../ui/dom.js";
import { eventRow, eventTable } from "../ui/event_table.js";
import { counted } from "../ui/format.js";

const ROWS = 50;

export class EventList {
  /** `onChoose(from)` is told the start of the event that a person wants to see; `saidOf(series, event)` is what people said of one. */
  constructor(place, onChoose, saidOf) {
    Object.assign(this, { place, onChoose, saidOf, rows: new Map(), body: null });
  }

  clear() {
    this.rows.clear();
    this.body = null;
    this.place.replaceChildren();
  }

  draw(series) {
    const { events } = series;
    if (!events.length) {
      this.clear();
      return;
    }
    if (!this.body) this.frame(series.hasTimes);
    const shown = events.slice(-ROWS).reverse();
    const most = shown.reduce((highest, { severity }) => Math.max(highest, severity || 0), 0);
    const froms = new Set(shown.map(({ from }) => from));
    for (const [from, { row }] of this.rows) if (!froms.has(from)) this.drop(from, row);
    shown.forEach((event, k) => this.put(series, event, most, k));
    this.told.textContent =
      shown.length < events.length
        ? `The newest ${shown.length} of ${counted(events.length, "event")}, newest first.`
        : `${counted(events.length, "event")}, newest first.`;
  }

  frame(hasTimes) {
    this.told = element("p", { class: "hint" });
    const table = eventTable(hasTimes, []);
    this.body = table.querySelector("tbody");
    this.place.replaceChildren(
      this.told,
      element("div", { class: "events scroll", role: "region", "aria-label": "Table of events", tabindex: 0 }, table),
    );
  }

  drop(from, row) {
    row.remove();
    this.rows.delete(from);
  }

  put(series, event, most, k) {
    const said = this.saidOf(series, event);
    const seen = [event.stop - event.start, event.severity, event.open, most, said].join();
    const kept = this.rows.get(event.from);
    if (kept?.seen === seen) return;
    const row = eventRow(series, { ...event, said }, most, () => this.onChoose(event.from));
    if (!kept) {
      this.rows.set(event.from, { row, seen });
      this.body.insertBefore(row, this.body.children[k] ?? null);
      return;
    }
    // The first cell, with its button, says the same as before.
    [...kept.row.children].slice(1).forEach((cell) => cell.replaceWith(row.children[1]));
    kept.seen = seen;
  }
}
