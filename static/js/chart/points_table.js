// The points in view as a table: what the chart shows, for those who do not see it.
import { element } from "../ui/dom.js";
import { count, number, time } from "../ui/format.js";

const PAGE = 100; // rows shown at a time

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

/** Draws rows start to stop (half open) of `series` into `place`, a page of rows at a time from `first`. */
export function drawPoints(place, series, start, stop, first = start) {
  const last = Math.min(stop, first + PAGE);
  const names = [series.hasTimes ? "Time (UTC)" : "Point", "Value"];
  if (series.expected) names.push("Expected", "Lower", "Upper", "Score", "Verdict");
  const turn = (to, words) => {
    const button = element(
      "button",
      { type: "button", class: "button small", onclick: () => drawPoints(place, series, start, stop, to) },
      words,
    );
    button.disabled = to < start || to >= stop;
    return button;
  };
  const flagged = new Set(series.flagged);
  const rows = Array.from({ length: last - first }, (_, k) => cells(series, first + k, flagged));
  const left = series.width ? ": of each stretch its smallest and its largest value; zoom in for every point" : "";
  place.replaceChildren(
    element(
      "div",
      { class: "table-bar" },
      element(
        "span",
        { class: "hint" },
        `Points ${count(first - start + 1)} to ${count(last - start)} of ${count(stop - start)} in this window${left}`,
      ),
      element("span", { class: "tools" }, turn(first - PAGE, "Previous rows"), turn(last, "Next rows")),
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

/** The same for the points within `window`, as the chart tells it: of a series that is not in memory, its rows. */
export function drawWindow(place, series, { rows, x, from, to, start, stop }) {
  const shown = rows ? { hasTimes: series.hasTimes, ...rows } : series;
  drawPoints(place, shown, x[start] < from ? start + 1 : start, x[stop - 1] > to ? stop - 1 : stop);
}
