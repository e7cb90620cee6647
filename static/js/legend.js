// What each mark in the chart means, explained where it first appears.
import { element } from "./dom.js";

const entry = (key, name, words) =>
  element("li", {}, element("span", { class: `key key-${key}`, "aria-hidden": "true" }),
    element("span", {}, element("strong", {}, name), words ? element("span", { class: "hint" }, `: ${words}`) : ""));

const KINDS = {
  planted: ["label", "Planted fault", "known to be wrong; hidden from the detector"],
  anomaly: ["marked", "Marked as abnormal", "by you; left out of learning"],
  normal: ["fine", "Marked as normal", "by you"],
};

/** The marks of a judged series. `banded` is false where the detector gives no band; nobody knows where it is undefined. */
function judged({ banded, detector }, other) {
  const who = other && detector ? ` to ${detector}` : "";
  const expected = [
    entry("expected", "Expected", "predicted from earlier points"),
    entry("band", "Band", "where a normal value lies, expected ± the allowed distance"),
  ];
  const none = [element("li", { class: "hint" }, "No band: this detector looks at whole stretches and expects no single value.")];
  return [
    ...(banded === false ? none : expected),
    entry("anomaly", `Anomaly${who}`, "unusual to the detector; its event is marked along the top"),
  ];
}

const compared = ({ detector, name }) => [
  entry("other", `Anomaly to ${detector ?? name}`, "a hollow diamond; around a dot where both agree"),
  entry("other-expected", `Expected by ${detector ?? name}`),
];

/** Draws the entries that `series` has, and `other`, with which it is compared. */
export function drawLegend(place, series, other = null) {
  const kinds = new Set((series.labels ?? []).map((label) => label.kind ?? "planted"));
  place.replaceChildren(
    entry("actual", "Actual", "what came"),
    ...(series.expected ? judged(series, other) : []),
    ...(other ? compared(other) : []),
    ...Object.entries(KINDS).filter(([kind]) => kinds.has(kind)).map(([, words]) => entry(...words)));
}
