// What each mark in the chart means, explained where it first appears.
import { element } from "../ui/dom.js";

const entry = (key, name, words = "") => ({ key, name, words });

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
  const none = [entry("none", "No band: this detector looks at whole stretches and expects no single value")];
  return [
    ...(banded === false ? none : expected),
    entry("anomaly", `Anomaly${who}`, "unusual to the detector; its event is marked along the top"),
  ];
}

const compared = ({ detector, name, banded }) => [
  entry("other", `Anomaly to ${detector ?? name}`, "a hollow diamond; around a dot where both agree"),
  ...(banded === false ? [] : [entry("other-expected", `Expected by ${detector ?? name}`)]),
];

/** What `series` shows, and `other`, with which it is compared: [{key, name, words}]. */
export function entriesOf(series, other = null) {
  const kinds = new Set((series.labels ?? []).map((label) => label.kind ?? "planted"));
  return [
    entry("actual", "Actual", "what came"),
    ...(series.expected ? judged(series, other) : []),
    ...(other ? compared(other) : []),
    ...Object.entries(KINDS)
      .filter(([kind]) => kinds.has(kind))
      .map(([, words]) => entry(...words)),
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

/** Draws the entries into the list `place`. */
export function drawLegend(place, series, other = null) {
  place.replaceChildren(...entriesOf(series, other).map(item));
}
