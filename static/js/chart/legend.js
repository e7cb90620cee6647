// The legend: what each mark in the chart means.
import { element } from "../ui/dom.js";

const entry = (key, name, words = "") => ({ key, name, words });

const KINDS = {
  injected: ["label", "Injected fault", "known anomaly; hidden from the detector"],
  anomaly: ["abnormal", "Labelled anomaly", "by you; excluded from training"],
  normal: ["normal", "Labelled normal", "by you"],
};

/** The marks of a detection. `banded` is false where the detector has no band, undefined where it is not known yet. */
function detected(/** @type {ChartSeries} */ { banded, detector }, other) {
  const source = other && detector ? ` (${detector})` : "";
  const expected = [
    entry("expected", "Expected", "forecast from earlier points"),
    entry("band", "Band", "range of normal values: expected ± the allowed distance"),
  ];
  const none = [entry("none", "No band: this detector scores intervals and forecasts no single value")];
  return [
    ...(banded === false ? none : expected),
    entry("anomaly", `Anomaly${source}`, "its event is marked along the top"),
  ];
}

const compared = (/** @type {ChartSeries} */ { detector, name, banded }) => [
  entry("other", `Anomaly (${detector ?? name})`, "hollow diamond; around a dot where both detectors agree"),
  ...(banded === false ? [] : [entry("other-expected", `Expected by ${detector ?? name}`)]),
];

/**
 * The entries for `series` and for `other`, with which it is compared.
 * @param {ChartSeries} series
 * @param {ChartSeries | null} [other]
 */
export function entriesOf(series, other = null) {
  const kinds = new Set((series.labels ?? []).map((label) => ("kind" in label ? label.kind : null) ?? "injected"));
  return [
    entry("actual", "Actual", "measured value"),
    ...(series.expected ? detected(series, other) : []),
    ...(other ? compared(other) : []),
    ...Object.entries(KINDS)
      .filter(([kind]) => kinds.has(kind))
      .map(([, [key, name, words]]) => entry(key, name, words)),
  ];
}

const item = ({ key, name, words }) =>
  element(
    "li",
    {},
    key === "none" ? null : element("span", { class: `key key-${key}`, "aria-hidden": "true" }),
    element(
      "span",
      {},
      key === "none" ? name : element("strong", {}, name),
      words ? element("span", { class: "hint" }, `: ${words}`) : "",
    ),
  );

/**
 * Draws the entries into the list `root`.
 * @param {HTMLElement} root
 * @param {ChartSeries} series
 * @param {ChartSeries | null} [other]
 */
export function drawLegend(root, series, other = null) {
  root.replaceChildren(...entriesOf(series, other).map(item));
}
