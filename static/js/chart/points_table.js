// The points in view as a table, for those who do not see the chart.
import { element } from "../ui/dom.js";
import { count, number, time } from "../ui/format.js";

const PAGE_ROWS = 100;

function cells(series, i, flagged) {
  const at = series.hasTimes ? time(series.x[i]) : count(series.x[i]);
  const anomaly = flagged.has(i);
  const numbers = series.expected ? [series.expected, series.lower, series.upper, series.score] : [];
  return element(
    "tr",
    { class: anomaly ? "flagged" : undefined },
    element("th", { scope: "row" }, at),
    ...[series.values, ...numbers].map((column) => element("td", { class: "n" }, number(column[i]))),
    ...(series.expected ? [element("td", {}, anomaly ? "anomaly" : "")] : []),
  );
}

/** Draws rows start to stop (half open) of `series` into `root`, a page of rows at a time from `first`. */
export function drawPoints(root, series, start, stop, first = start) {
  const last = Math.min(stop, first + PAGE_ROWS);
  const names = [series.hasTimes ? "Time (UTC)" : "Point", "Value"];
  if (series.expected) names.push("Expected", "Lower", "Upper", "Score", "Result");
  const turn = (to, words) => {
    const button = element(
      "button",
      { type: "button", class: "button small", onclick: () => drawPoints(root, series, start, stop, to) },
      words,
    );
    button.disabled = to < start || to >= stop;
    return button;
  };
  const flagged = new Set(series.flagged);
  const rows = Array.from({ length: last - first }, (_, k) => cells(series, first + k, flagged));
  const left = series.width ? ": the minimum and maximum of each bucket; zoom in for every point" : "";
  root.replaceChildren(
    element(
      "div",
      { class: "table-bar" },
      element(
        "span",
        { class: "hint" },
        `Points ${count(first - start + 1)} to ${count(last - start)} of ${count(stop - start)} in this window${left}`,
      ),
      element("span", { class: "tools" }, turn(first - PAGE_ROWS, "Previous rows"), turn(last, "Next rows")),
    ),
    element(
      "div",
      { class: "scroll", role: "region", "aria-label": "Data of this window", tabindex: 0 },
      element(
        "table",
        { class: "points-table" },
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            ...names.map((name, k) => element("th", { scope: "col", class: k && k < 6 ? "n" : undefined }, name)),
          ),
        ),
        element("tbody", {}, ...rows),
      ),
    ),
  );
}

/**
 * The same for the points in view.
 * @param {HTMLElement} root
 * @param {ChartSeries} series
 * @param {import("./series_chart.js").DrawnWindow} window
 */
export function drawWindow(root, series, { rows, x, from, to, start, stop }) {
  const shown = rows ? { hasTimes: series.hasTimes, ...rows } : series;
  drawPoints(root, shown, x[start] < from ? start + 1 : start, x[stop - 1] > to ? stop - 1 : stop);
}
