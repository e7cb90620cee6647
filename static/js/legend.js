// What each mark in the chart means, explained where it first appears.
import { element } from "./dom.js";

const entry = (key, name, words) =>
  element("li", {}, element("span", { class: `key key-${key}`, "aria-hidden": "true" }),
    element("span", {}, element("strong", {}, name), words ? element("span", { class: "hint" }, `: ${words}`) : ""));

/** Draws the entries that `series` has. */
export function drawLegend(place, series) {
  const entries = [entry("actual", "Actual", "what came")];
  if (series.expected) {
    entries.push(
      entry("expected", "Expected", "predicted from earlier points"),
      entry("band", "Band", "where a normal value lies, expected ± the allowed distance"),
      entry("anomaly", "Anomaly", "unusual to the detector; its event is marked along the top"));
  }
  if (series.labels.length) entries.push(entry("label", "Planted fault", "known to be wrong; hidden from the detector"));
  place.replaceChildren(...entries);
}
