// Precision and recall of a detection by the labels, and how they change with the threshold.
import { element, svgElement } from "../ui/dom.js";
import { count, counted, label, number } from "../ui/format.js";
import { share } from "./event_rate.js";

const [WIDTH, HEIGHT, PAD] = [320, 160, 28];

/** The step of the curve nearest to the value in effect. */
export const stepAt = (curve, value) =>
  curve.reduce(
    (best, step) => (best && Math.abs(Math.log(best.at / value)) <= Math.abs(Math.log(step.at / value)) ? best : step),
    null,
  );

function drawing(curve, value, name) {
  const known = curve.filter(({ precision, recall }) => Number.isFinite(precision) || Number.isFinite(recall));
  const [low, high] = [Math.log(curve[0].at), Math.log(curve.at(-1).at)];
  const x = (at) => PAD + ((Math.log(at) - low) / (high - low || 1)) * (WIDTH - PAD - 8);
  const y = (part) => HEIGHT - PAD - part * (HEIGHT - PAD - 8);
  const path = (key) =>
    known
      .filter((step) => Number.isFinite(step[key]))
      .map((step, k) => `${k ? "L" : "M"}${x(step.at).toFixed(1)} ${y(step[key]).toFixed(1)}`)
      .join("");
  const svg = svgElement("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    class: "precision-recall",
    role: "img",
    "aria-label": `Precision and recall at each ${name}; the table below says the same`,
  });
  for (const part of [0, 0.5, 1]) {
    svg.append(
      svgElement("line", { x1: PAD, x2: WIDTH - 8, y1: y(part), y2: y(part), class: "rule" }),
      svgElement("text", { x: PAD - 4, y: y(part) + 4, "text-anchor": "end" }, `${part * 100}`),
    );
  }
  const here = Math.min(Math.max(value, curve[0].at), curve.at(-1).at);
  svg.append(
    svgElement("line", { x1: x(here), x2: x(here), y1: y(0), y2: y(1), class: "here" }),
    svgElement("path", { d: path("precision"), class: "precision" }),
    svgElement("path", { d: path("recall"), class: "recall" }),
    svgElement("text", { x: PAD, y: HEIGHT - 8 }, number(curve[0].at)),
    svgElement("text", { x: WIDTH - 8, y: HEIGHT - 8, "text-anchor": "end" }, number(curve.at(-1).at)),
  );
  return svg;
}

function table(curve, name) {
  const cells = ({ at, events, precision, recall }) => [number(at), count(events), share(precision), share(recall)];
  const some = curve.filter((_, k) => k % Math.ceil(curve.length / 12) === 0);
  return element(
    "details",
    { class: "more" },
    element("summary", {}, "As a table"),
    element(
      "table",
      {},
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          ...[label(name), "Events", "Precision", "Recall"].map((head) =>
            element("th", { scope: "col", class: "n" }, head),
          ),
        ),
      ),
      element(
        "tbody",
        {},
        ...some.map((step) => element("tr", {}, ...cells(step).map((words) => element("td", { class: "n" }, words)))),
      ),
    ),
  );
}

/** Draws the scores of a curve [{at, events, precision, recall}] at the value in effect of the parameter `name`. */
export function drawPrecisionRecall(root, curve, value, name) {
  const scored = curve.some(({ recall }) => Number.isFinite(recall));
  root.hidden = !scored;
  if (!scored) {
    root.replaceChildren();
    return;
  }
  const here = stepAt(curve, value);
  root.replaceChildren(
    element(
      "p",
      {},
      `By your labels: of ${counted(here.events, "event")} found, `,
      element("strong", {}, count(here.true_positives)),
      ` ${here.true_positives === 1 ? "lies" : "lie"} on intervals labelled anomaly (precision ${share(here.precision)}); of these intervals, `,
      element("strong", {}, count(here.detected)),
      ` ${here.detected === 1 ? "is" : "are"} found (recall ${share(here.recall)}). Anomalies without a label count as false alarms here.`,
    ),
    element(
      "p",
      { class: "hint" },
      element("span", { class: "key key-precision", "aria-hidden": "true" }),
      " precision ",
      element("span", { class: "key key-recall", "aria-hidden": "true" }),
      ` recall, in %, from a small ${label(name).toLowerCase()} (more events) on the left to a large one on the right. The vertical line is the value in effect.`,
    ),
    drawing(curve, value, label(name).toLowerCase()),
    table(curve, name),
  );
}
