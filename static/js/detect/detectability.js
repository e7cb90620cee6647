// "What would be caught here?": known faults planted into the series' own quiet stretches, as a chart and a table.
import { busy } from "../ui/busy.js";
import { delayWords, sizeWords, toldSize } from "./detectability_format.js";
import { announce, element } from "../ui/dom.js";
import { counted, rough, styled } from "../ui/format.js";

const SVG = "http://www.w3.org/2000/svg";

const drawn = (tag, properties, ...children) => {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(properties)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};

/** A bar for each size, as high as the share caught; the dashed line is where it counts as caught. */
function bars({ title, unit, sizes }) {
  const width = 18 * sizes.length;
  const words = sizes.map((each) => `${sizeWords(each.size, unit)}: ${Math.round(100 * each.share)} %`).join(", ");
  const chart = drawn("svg", {
    viewBox: `0 0 ${width} 34`,
    width,
    height: 34,
    class: "share-bars",
    role: "img",
    "aria-label": `${title}, share caught by size: ${words}`,
  });
  sizes.forEach(({ size, share }, k) => {
    chart.append(drawn("rect", { class: "share-slot", x: 18 * k + 1, y: 1, width: 15, height: 32 }));
    const bar = drawn("rect", {
      class: share >= 0.8 ? "catch-bar enough" : "catch-bar",
      x: 18 * k + 1,
      y: 33 - 32 * share,
      width: 15,
      height: 32 * share,
    });
    bar.append(drawn("title", {}, `${sizeWords(size, unit)}: ${Math.round(100 * share)} % caught`));
    chart.append(bar);
  });
  chart.append(drawn("line", { class: "share-line", x1: 0, x2: width, y1: 33 - 32 * 0.8, y2: 33 - 32 * 0.8 }));
  return chart;
}

function row(fault) {
  const told = toldSize(fault);
  const size = sizeWords(told.size, fault.unit);
  const unit = fault.unit === "cycles" ? "" : fault.unit.replace(/^times /, "");
  const change = told.change === null ? unit : `${unit}: ${rough(told.change)}`;
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, fault.title),
    element("td", {}, bars(fault)),
    element(
      "td",
      {},
      fault.smallest === null ? `none up to ${size}` : size,
      change && element("span", { class: "hint" }, ` ${change}`),
    ),
    element("td", { class: "n" }, `${told.detected} of ${told.injected}`),
    element("td", { class: "delay" }, delayWords(told)),
  );
}

/** Draws an answer of POST /api/v1/detectability into `place`. */
export function drawCatches(place, answer) {
  if (!answer.faults.length) {
    place.replaceChildren(element("p", {}, styled(answer.reason)));
    return;
  }
  const heads = ["Fault", "Share caught, by size", "Smallest caught", "Caught", "Delay"];
  place.replaceChildren(
    element(
      "p",
      { class: "hint" },
      styled(answer.summary.slice(0, 2).join(" ")),
      " A size counts as caught where four in five are (dashed line); in grey, what it is a multiple of, and how much that is in the unit of the series.",
    ),
    element(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "What would be caught, as a table" },
      element(
        "table",
        { class: "detectability" },
        element("caption", { class: "visually-hidden" }, "What would be caught"),
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            ...heads.map((head, k) => element("th", { scope: "col", class: k === 3 ? "n" : null }, head)),
          ),
        ),
        element("tbody", {}, ...answer.faults.map(row)),
      ),
    ),
    element(
      "details",
      { class: "more" },
      element("summary", {}, "The same in sentences"),
      element("ul", {}, ...answer.faults.map(({ summary }) => element("li", {}, styled(summary)))),
    ),
    ...(answer.reason ? [element("p", { class: "hint" }, styled(answer.reason))] : []),
  );
}

/**
 * Puts the button into `place`. `find(signal)` answers what the service finds; `problem(error, again)` shows what went
 * wrong. Returns `forget()`, which takes an old answer away.
 */
export function offerCatches(place, find, problem) {
  const answer = element("div", { class: "detectability-result" });
  let asked = 0;
  async function show() {
    const mine = ++asked;
    problem(null);
    try {
      const found = await busy("Planting known faults, for 10 seconds at most", ({ signal }) => find(signal));
      if (!found || mine !== asked) return; // cancelled, or about another judgement by now
      drawCatches(answer, found);
      const caught = found.faults.filter(({ smallest }) => smallest !== null).length;
      announce(
        found.faults.length
          ? `${caught} of ${counted(found.faults.length, "kind")} of faults would be caught.`
          : found.reason,
      );
    } catch (error) {
      problem(error, show);
    }
  }
  place.replaceChildren(
    element(
      "p",
      { class: "hint" },
      "Known faults of several sizes are planted into copies of the quiet stretches of this series, and judged as above. Nothing is changed or kept.",
    ),
    element("button", { type: "button", class: "button", onclick: show }, "What would be caught here?"),
    answer,
  );
  return () => {
    asked += 1;
    problem(null);
    answer.replaceChildren();
  };
}
