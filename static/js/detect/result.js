// The result of a detection, in a sentence or two.
import { element, find } from "../ui/dom.js";
import { count, counted, rough, styled } from "../ui/format.js";

const MAX_OFFERED = 6; // columns with a button of their own

/** "5 anomalous events found". */
export function headline({ events }) {
  return events ? `${counted(events, "anomalous event")} found` : "No anomalies found";
}

function outcome({ points, missing, warm_up: warmUp, events, anomalies }) {
  const scored = points - missing - warmUp;
  if (events) {
    return `: ${count(anomalies)} of ${counted(scored, "scored point")} ${anomalies === 1 ? "is" : "are"} anomalous.`;
  }
  if (scored <= 0)
    return ": no point has a score. The series is too short for this detector, or too much of it is missing.";
  const all = scored === 1 ? "the one scored point is normal" : `all ${count(scored)} scored points are normal`;
  return `: ${all}. A smaller sigma or threshold reports smaller deviations.`;
}

/**
 * The result as [headline, rest].
 * @param {{summary: DetectionSummary, column?: string}} detection
 * @returns {[string, string]}
 */
export function resultText({ summary, column }) {
  const seconds = Object.values(summary.seconds ?? {}).reduce((sum, each) => sum + each, 0);
  const title = `${headline(summary)}${column ? ` in “${column}”` : ""}`;
  return [title, `${outcome(summary)} Took ${seconds.toFixed(2)} s.`];
}

/** What an anomaly is here, and which points have no score. */
export function thresholdText({ summary, threshold }) {
  const sentences = [`A point is an anomaly when its score is above the threshold, ${rough(threshold)}.`];
  if (summary.warm_up) {
    const points = counted(summary.warm_up, "point has", "points have");
    sentences.push(`The first ${points} no score: the detector needs them as history (warm-up).`);
  }
  if (summary.period && !summary.notes?.length) {
    sentences.push(`The series repeats every ${counted(summary.period, "point")}.`);
  }
  return sentences.join(" ");
}

export class ResultCard {
  /**
   * @param {HTMLElement} root
   * @param {(column: string) => void} onDetectColumn
   */
  constructor(root, onDetectColumn) {
    this.root = root;
    this.onDetectColumn = onDetectColumn;
    this.result = find(root, "#result");
    this.notes = find(root, "#notes");
    this.otherColumns = find(root, "#other-columns");
    this.stale = find(root, "#stale");
  }

  /** @param {Detection} detection @param {{column: string, columns: string[]}} series `columns`: without a detection */
  show(detection, { column, columns }) {
    const [title, rest] = resultText({ ...detection, column });
    this.result.replaceChildren(element("strong", {}, title), rest);
    const { notes = [], events } = detection.summary;
    this.notes.replaceChildren(...notes.map(({ message }) => element("li", {}, styled(message))));
    this.notes.hidden = !notes.length;
    this.offerColumns(events ? [] : columns.filter((name) => name !== column));
    this.setStale(false);
    this.root.hidden = false;
  }

  /** Where nothing was found: offers the columns without a detection. @param {string[]} columns */
  offerColumns(columns) {
    this.otherColumns.replaceChildren();
    if (!columns.length) return;
    const offer = (name) => {
      const onclick = () => this.onDetectColumn(name);
      return element("button", { type: "button", class: "button small", onclick }, `Detect in “${name}”`);
    };
    const left = columns.length - MAX_OFFERED;
    const many = columns.length === 1 ? "Another column has" : `${count(columns.length)} other columns have`;
    this.otherColumns.append(
      element("p", {}, `${many} no detection yet.`),
      element("div", { class: "tools" }, ...columns.slice(0, MAX_OFFERED).map(offer)),
      left > 0 ? element("p", { class: "hint" }, `${count(left)} more under Column.`) : "",
    );
  }

  /** Whether the settings changed since. @param {boolean} stale */
  setStale(stale) {
    this.stale.hidden = !stale;
  }

  hide() {
    this.root.hidden = true;
  }

  get text() {
    return this.result.textContent ?? "";
  }
}
