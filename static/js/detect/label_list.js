// The labels of a series as a list, a page at a time.
import { element, find } from "../ui/dom.js";
import { count, time } from "../ui/format.js";

const PAGE_ROWS = 100;
const KINDS = { anomaly: "anomaly", normal: "normal" };

/** Where an interval lies, in words. @param {Interval & {start_time?: any, stop_time?: any}} interval */
export function intervalText({ start, stop, start_time: from, stop_time: to }) {
  const text = (at) => time(typeof at === "number" ? at : Date.parse(at));
  const many = stop - start > 1;
  if (from !== undefined && from !== null) return many ? `${text(from)} to ${text(to)}` : text(from);
  return many ? `Points ${count(start)} to ${count(stop - 1)}` : `Point ${count(start)}`;
}

export class LabelList {
  /** @type {Label[]} */
  labels = [];
  page = 0;
  /** The rows that exist, by label: what is typed in them, and the focus, stay. @type {Map<string, HTMLElement>} */
  rows = new Map();

  /**
   * @param {HTMLElement} root
   * @param {object} options
   * @param {(label: Label) => void} options.onSelect
   * @param {(label: Label, note: string) => void} options.onNote
   * @param {(label: Label) => void} options.onRemove
   */
  constructor(root, { onSelect, onNote, onRemove }) {
    this.onSelect = onSelect;
    this.onNote = onNote;
    this.onRemove = onRemove;
    this.list = find(root, "#labels");
    this.pages = find(root, "#labels-pages");
    this.pageText = find(root, "#labels-page");
    this.previous = find(root, "#labels-previous", HTMLButtonElement);
    this.next = find(root, "#labels-next", HTMLButtonElement);
    this.previous.addEventListener("click", () => this.turn(-1));
    this.next.addEventListener("click", () => this.turn(1));
  }

  turn(pages) {
    this.page += pages;
    this.draw(this.labels);
  }

  reset() {
    this.rows.clear();
    this.page = 0;
  }

  /** Draws the labels, on the page with position `visible` where it is known. @param {Label[]} labels */
  draw(labels, visible = this.page * PAGE_ROWS) {
    this.labels = labels;
    const pages = Math.max(1, Math.ceil(labels.length / PAGE_ROWS));
    this.page = Math.min(Math.max(Math.floor(visible / PAGE_ROWS), 0), pages - 1);
    const first = this.page * PAGE_ROWS;
    const shown = labels.slice(first, first + PAGE_ROWS);
    this.pages.hidden = pages < 2;
    this.pageText.textContent = `Labels ${count(first + 1)} to ${count(first + shown.length)} of ${count(labels.length)}`;
    this.previous.disabled = this.page === 0;
    this.next.disabled = this.page === pages - 1;
    this.drawRows(shown.map((label) => this.row(label)));
  }

  drawRows(rows) {
    for (const [key, row] of this.rows) if (!rows.includes(row)) this.rows.delete(key);
    const { children } = this.list;
    const isDrawn = rows.length === children.length && rows.every((row, index) => row === children[index]);
    if (!isDrawn) this.list.replaceChildren(...rows);
  }

  row(label) {
    const at = intervalText(label);
    const key = `${label.start} ${label.stop} ${at} ${label.kind}`;
    const row = this.rows.get(key) ?? this.newRow(label, at);
    this.rows.set(key, row);
    const note = find(row, "input", HTMLInputElement);
    if (note !== document.activeElement) note.value = label.note ?? "";
    return row;
  }

  newRow(label, at) {
    const note = element("input", {
      type: "text",
      maxlength: 1000,
      placeholder: "Why?",
      "aria-label": `Note on ${at}`,
    });
    note.addEventListener("change", () => this.onNote(label, note.value));
    const remove = { "aria-label": `Remove the label on ${at}`, onclick: () => this.onRemove(label) };
    return element(
      "li",
      { class: "label-row" },
      element("button", { type: "button", class: "locator", onclick: () => this.onSelect(label) }, at),
      element("span", { class: `badge badge-${label.kind}` }, KINDS[label.kind]),
      note,
      element("button", { type: "button", class: "button small", ...remove }, "Remove"),
    );
  }
}
