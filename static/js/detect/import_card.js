// The card that summarizes an import, and where its times can be corrected.
import { element, find } from "../ui/dom.js";
import { drawSummary } from "./import_summary.js";
import { correctionOf, headerOf, unchangedText } from "./import_corrections.js";

const HEAD_BYTES = 65_536; // of a file, in which its header lies
const ORDERS = { dmy: "day first", mdy: "month first", ymd: "year first" };

export class ImportCard {
  /**
   * @param {HTMLElement} root
   * @param {(options: Record<string, string>) => void} onCorrect reads the file again with these options
   */
  constructor(root, onCorrect) {
    this.root = root;
    this.onCorrect = onCorrect;
    this.facts = find(root, "#facts");
    this.repairs = find(root, "#repairs");
    this.zone = find(root, "#zone");
    this.corrections = find(root, "#corrections", HTMLDetailsElement);
    this.timeColumn = find(root, "#correct-time", HTMLSelectElement);
    this.dateOrder = find(root, "#correct-dates", HTMLSelectElement);
    this.status = find(root, "#correct-status");
    /** @type {SeriesInfo | null} */
    this.series = null;
    /** @type {DataSource | null} */
    this.source = null;
    find(root, "#correct").addEventListener("click", () => this.correct());
  }

  /** @param {SeriesInfo} series @param {DataSource | null} source */
  show(series, source) {
    this.series = series;
    this.source = source;
    this.root.hidden = false;
    this.zone.hidden = source?.kind === "demo" || series.start === null;
    this.corrections.hidden = !source?.file;
    this.corrections.open = false;
    this.status.textContent = "";
    this.draw(series);
    if (source?.file) this.offerCorrections(series, source.file);
  }

  /** Draws the facts again, with what became known since. @param {SeriesInfo} series */
  draw(series) {
    drawSummary(this.facts, this.repairs, series, this.source);
  }

  /** @param {SeriesInfo} series @param {File} file */
  async offerCorrections(series, file) {
    const head = await file.slice(0, HEAD_BYTES).text();
    if (series !== this.series) return;
    const header = headerOf(head, series.columns);
    const names = header.length ? header : [series.time_column, ...series.columns].filter((name) => name !== null);
    const current = series.time_column ?? "";
    const option = (value, text, selected) => element("option", { value, selected: value === selected }, text);
    this.timeColumn.replaceChildren(
      ...(current ? [] : [option("", "none", "")]),
      ...names.map((name) => option(name, name, current)),
    );
    const order = ORDERS[series.date_order?.order ?? ""];
    this.dateOrder.replaceChildren(
      option("", `as it was read${order ? `, ${order}` : ""}`, ""),
      ...Object.entries(ORDERS).map(([value, text]) => option(value, text, "")),
    );
  }

  correct() {
    if (!this.series || !this.source) return;
    const chosen = { time_column: this.timeColumn.value, date_order: this.dateOrder.value };
    const options = correctionOf(chosen, this.series, this.source.options);
    this.status.textContent = options ? "" : unchangedText(this.series);
    if (options) this.onCorrect(options);
  }

  /** Reports that reading again changed nothing. */
  reportUnchanged() {
    this.status.textContent = "Read again with the same result: nothing was changed.";
  }
}
