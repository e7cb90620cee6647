// The chart by keyboard: keys in the results, and the buttons above the chart.
import { find } from "../ui/dom.js";

const FIELDS = "input, select, textarea";
// Elements that arrow keys scroll sideways.
const SCROLLED = "pre, .scroll";

const ARROWS = {
  ArrowLeft: (chart) => chart.pan(-0.2),
  ArrowRight: (chart) => chart.pan(0.2),
};

// Comma and full stop move the cursor from point to point; S and E start and end an interval to label.
const CHARACTERS = {
  ",": (chart) => chart.moveCursor(-1),
  ".": (chart) => chart.moveCursor(1),
  "<": (chart) => chart.moveCursor(-10),
  ">": (chart) => chart.moveCursor(10),
  s: (chart) => chart.labelFromCursor("start"),
  e: (chart) => chart.labelFromCursor("end"),
  "+": (chart) => chart.zoom(0.5),
  "=": (chart) => chart.zoom(0.5),
  "-": (chart) => chart.zoom(2),
  0: (chart) => chart.reset(),
};

// Outside the plot these scroll the page.
const PLOT_KEYS = {
  PageUp: (chart) => chart.pan(-1),
  PageDown: (chart) => chart.pan(1),
  Home: (chart) => chart.pan(-1e6),
  End: (chart) => chart.pan(1e6),
  Escape: (chart) => chart.reset(),
  Enter: (chart) => chart.cursor !== null && chart.selectAt(chart.cursor),
};

const BUTTONS = {
  "#pan-left": (chart) => chart.pan(-0.5),
  "#pan-right": (chart) => chart.pan(0.5),
  "#zoom-in": (chart) => chart.zoom(0.5),
  "#zoom-out": (chart) => chart.zoom(2),
  "#zoom-reset": (chart) => chart.reset(),
};

/** The event after (or before) the selected one; after the last comes the first. */
function neighbour(events, chosen, step) {
  const index = events.indexOf(chosen);
  return events.at(((index < 0 && step < 0 ? 0 : index) + step) % events.length);
}

function actionOf(key, target, plot) {
  if (plot.contains(target)) return ARROWS[key] ?? CHARACTERS[key] ?? PLOT_KEYS[key];
  return target.matches(SCROLLED) ? CHARACTERS[key] : (ARROWS[key] ?? CHARACTERS[key]);
}

/**
 * Connects keys within the results, and the buttons of the chart's card `root`, to the chart.
 * @param {HTMLElement} root
 * @param {() => import("./series_chart.js").SeriesChart | null} chartOf
 * @param {(event: AnomalyEvent) => void} showEvent
 */
export function chartKeys(root, chartOf, showEvent) {
  const plot = find(root, "#plot");
  const results = /** @type {HTMLElement} */ (root.closest(".results") ?? root);
  // Not in the complete page: keys of one character apply where the focus is (WCAG 2.1.4).
  results.addEventListener("keydown", (event) => {
    const chart = chartOf();
    const target = /** @type {HTMLElement} */ (event.target);
    if (!chart || event.ctrlKey || event.metaKey || event.altKey || target.matches(FIELDS)) return;
    const { events, chosen } = chart.marks;
    const step = { n: 1, p: -1 }[event.key.toLowerCase()];
    if (step && events.length) showEvent(neighbour(events, chosen, step));
    else {
      const act = actionOf(event.key, target, plot);
      if (!act) return;
      act(chart);
    }
    event.preventDefault();
  });
  for (const [selector, act] of Object.entries(BUTTONS)) {
    find(root, selector).addEventListener("click", () => {
      const chart = chartOf();
      if (chart) act(chart);
    });
  }
}
