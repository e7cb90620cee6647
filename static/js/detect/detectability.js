// Detectability: which known faults, injected into quiet parts of the series, the detector would detect.
import { runBusy } from "../ui/busy.js";
import { announce, element, find, svgElement } from "../ui/dom.js";
import { counted, duration, rough, styled } from "../ui/format.js";
import { clearProblem, showProblem } from "../ui/problem.js";

const DETECTABLE_SHARE = 0.8; // as the service counts a size as detected
const BAR_WIDTH = 18; // pixels
const BAR_HEIGHT = 32;
const UNITS = {
  noise: "the typical noise",
  change: "the typical change",
  amplitude: "the typical amplitude",
  speed: "the typical speed",
  cycles: "",
};

/** "8 ×", "0.5 cycles": a size as the table and the chart write it. */
export function sizeText(size, unit) {
  return unit === "cycles" ? counted(size, "cycle") : `${rough(size)} ×`;
}

/** The grey text after a size: what it is a multiple of, and how much that is; "" for cycles. */
export function unitText({ change }, unit) {
  return change === null ? UNITS[unit] : `${UNITS[unit]}: ${rough(change)}`;
}

/** "immediately", "3 points (15 min)", "–" where nothing was detected. */
export function delayText({ detected, delay_points: points, delay_seconds: seconds }) {
  if (!detected) return "–";
  if (!points) return "immediately";
  const text = `${rough(points)} ${points === 1 ? "point" : "points"}`;
  return Number.isFinite(seconds) ? `${text} (${duration(1000 * seconds)})` : text;
}

/** The size in the row of a fault: the smallest that is detected, or the largest tried. */
export function reportedSize({ smallest, sizes }) {
  return sizes.find(({ size }) => size === smallest) ?? sizes.at(-1);
}

/** A bar for each size, as high as the share detected; the dashed line is where a size counts as detected. */
function bars({ title, unit, sizes }) {
  const width = BAR_WIDTH * sizes.length;
  const shares = sizes.map((each) => `${sizeText(each.size, unit)}: ${Math.round(100 * each.share)} %`).join(", ");
  const chart = svgElement("svg", {
    viewBox: `0 0 ${width} ${BAR_HEIGHT + 2}`,
    width,
    height: BAR_HEIGHT + 2,
    class: "share-bars",
    role: "img",
    "aria-label": `${title}, share detected by size: ${shares}`,
  });
  const bottom = BAR_HEIGHT + 1;
  sizes.forEach(({ size, share }, k) => {
    const [x, height] = [BAR_WIDTH * k + 1, BAR_HEIGHT * share];
    const reached = share >= DETECTABLE_SHARE ? "share-bar reached" : "share-bar";
    const text = svgElement("title", {}, `${sizeText(size, unit)}: ${Math.round(100 * share)} % detected`);
    chart.append(
      svgElement("rect", { class: "share-slot", x, y: 1, width: BAR_WIDTH - 3, height: BAR_HEIGHT }),
      svgElement("rect", { class: reached, x, y: bottom - height, width: BAR_WIDTH - 3, height }, text),
    );
  });
  const line = bottom - BAR_HEIGHT * DETECTABLE_SHARE;
  chart.append(svgElement("line", { class: "share-line", x1: 0, x2: width, y1: line, y2: line }));
  return chart;
}

function row(fault) {
  const reported = reportedSize(fault);
  const size = sizeText(reported.size, fault.unit);
  const unit = unitText(reported, fault.unit);
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, fault.title),
    element("td", {}, bars(fault)),
    element(
      "td",
      {},
      fault.smallest === null ? `none up to ${size}` : size,
      unit ? element("span", { class: "hint" }, ` ${unit}`) : null,
    ),
    element("td", { class: "n" }, `${reported.detected} of ${reported.injected}`),
    element("td", { class: "delay" }, delayText(reported)),
  );
}

function table(faults) {
  const heads = ["Fault", "Share detected, by size", "Smallest detected", "Detected", "Delay"];
  const cells = heads.map((head, k) => element("th", { scope: "col", class: k === 3 ? "n" : null }, head));
  return element(
    "table",
    { class: "detectability" },
    element("caption", { class: "visually-hidden" }, "Detectability"),
    element("thead", {}, element("tr", {}, ...cells)),
    element("tbody", {}, ...faults.map(row)),
  );
}

/** Draws a response of POST /api/v1/series/{id}/detectability. */
function drawDetectability(root, { faults, summary, reason }) {
  if (!faults.length) {
    root.replaceChildren(element("p", {}, styled(reason)));
    return;
  }
  root.replaceChildren(
    element(
      "p",
      { class: "hint" },
      styled(summary.slice(0, 2).join(" ")),
      " A size counts as detected where four in five are (dashed line). In grey: the unit of the size, and its typical value in the unit of the series.",
    ),
    element(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of detectability" },
      table(faults),
    ),
    element(
      "details",
      { class: "more" },
      element("summary", {}, "In sentences"),
      element("ul", {}, ...faults.map((fault) => element("li", {}, styled(fault.summary)))),
    ),
    ...(reason ? [element("p", { class: "hint" }, styled(reason))] : []),
  );
}

export class DetectabilityCard {
  /**
   * @param {HTMLElement} root
   * @param {(signal: AbortSignal) => Promise<any>} measure requests the detectability of what is shown
   */
  constructor(root, measure) {
    this.root = root;
    this.measure = measure;
    this.problem = find(root, "#detectability-problem");
    this.result = element("div", { class: "detectability-result" });
    this.requests = 0;
    find(root, "#detectability").replaceChildren(
      element(
        "p",
        { class: "hint" },
        "Injects known faults of several sizes into copies of quiet parts of this series, and detects them with these settings. The data stays unchanged.",
      ),
      element("button", { type: "button", class: "button", onclick: () => this.show() }, "Measure detectability"),
      this.result,
    );
  }

  async show() {
    const request = ++this.requests;
    clearProblem(this.problem);
    try {
      const answer = await runBusy("Injecting known faults, for 10 seconds at most", ({ signal }) =>
        this.measure(signal),
      );
      if (!answer || request !== this.requests) return; // cancelled, or another detection is shown by now
      drawDetectability(this.result, answer);
      const detected = answer.faults.filter(({ smallest }) => smallest !== null).length;
      const kinds = counted(answer.faults.length, "kind");
      announce(answer.faults.length ? `${detected} of ${kinds} of faults would be detected.` : answer.reason);
    } catch (error) {
      showProblem(this.problem, error, { retry: () => this.show() });
    }
  }

  /** Removes an earlier answer. @param {{hidden: boolean}} card */
  clear({ hidden }) {
    this.requests += 1;
    clearProblem(this.problem);
    this.result.replaceChildren();
    this.root.hidden = hidden;
  }
}
