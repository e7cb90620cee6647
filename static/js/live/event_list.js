// The events of a stream as a table that grows at its top. Rows stay the same elements, so that focus and clicks stay.
import { element } from "../ui/dom.js";
import { eventRow, eventRows } from "../ui/event_table.js";
import { counted } from "../ui/format.js";

const MAX_ROWS = 50;

export class EventList {
  /** By the start of the event. @type {Map<number, {row: HTMLElement, content: string}>} */
  rows = new Map();
  /** @type {HTMLElement | null} */
  body = null;
  countText = element("p", { class: "hint" });

  /**
   * @param {HTMLElement} root
   * @param {{onSelect: (from: number) => void, labelText: (event: AnomalyEvent) => string}} options `from`: the start of
   *   the event on the axis
   */
  constructor(root, { onSelect, labelText }) {
    this.root = root;
    this.onSelect = onSelect;
    this.labelText = labelText;
  }

  clear() {
    this.rows.clear();
    this.body = null;
    this.root.replaceChildren();
  }

  /** @param {AnomalyEvent[]} events the oldest first @param {boolean} hasTimes */
  draw(events, hasTimes) {
    if (!events.length) {
      this.clear();
      return;
    }
    this.body ??= this.drawTable(hasTimes);
    const shown = events.slice(-MAX_ROWS).reverse();
    const maxSeverity = shown.reduce((highest, { severity }) => Math.max(highest, severity || 0), 0);
    const starts = new Set(shown.map(({ from }) => from));
    for (const [from, { row }] of this.rows) if (!starts.has(from)) this.remove(from, row);
    shown.forEach((event, k) => this.put(event, { hasTimes, maxSeverity }, k));
    const total = counted(events.length, "event");
    this.countText.textContent =
      shown.length < events.length
        ? `The newest ${shown.length} of ${total}, newest first.`
        : `${total}, newest first.`;
  }

  drawTable(hasTimes) {
    const table = eventRows(hasTimes, []);
    const region = { class: "events scroll", role: "region", "aria-label": "Table of events", tabindex: 0 };
    this.root.replaceChildren(this.countText, element("div", region, table));
    return table.tBodies[0];
  }

  remove(from, row) {
    row.remove();
    this.rows.delete(from);
  }

  put(event, { hasTimes, maxSeverity }, k) {
    const badge = this.labelText(event);
    const { from, start, stop, severity, open, explanation } = event;
    const content = [stop - start, severity, open, maxSeverity, badge, explanation].join();
    const current = this.rows.get(from);
    if (current?.content === content) return;
    const row = eventRow(event, { hasTimes, maxSeverity, badge, onSelect: () => this.onSelect(from) });
    if (!current) {
      this.rows.set(from, { row, content });
      this.body?.insertBefore(row, this.body.children[k] ?? null);
      return;
    }
    // The first cell, with its button, is the same as before.
    [...current.row.children].slice(1).forEach((cell) => cell.replaceWith(row.children[1]));
    current.content = content;
  }
}
