// Moving through the chart without a mouse: keys in the results, and the buttons above the chart.
import { byId } from "../ui/dom.js";

const FIELDS = "input, select, textarea";
// What arrows scroll sideways.
const SCROLLED = "pre, .scroll";

const ARROWS = {
  ArrowLeft: (chart) => chart.pan(-0.2),
  ArrowRight: (chart) => chart.pan(0.2),
};

// The cursor goes from point to point; S and E mark a stretch where marking is offered.
const SIGNS = {
  ",": (chart) => chart.moveCursor(-1),
  ".": (chart) => chart.moveCursor(1),
  "<": (chart) => chart.moveCursor(-10),
  ">": (chart) => chart.moveCursor(10),
  s: (chart) => chart.hold(false),
  e: (chart) => chart.hold(true),
  "+": (chart) => chart.zoom(0.5),
  "=": (chart) => chart.zoom(0.5),
  "-": (chart) => chart.zoom(2),
  0: (chart) => chart.reset(),
};

// Elsewhere these move the page.
const ON_PLOT = {
  PageUp: (chart) => chart.pan(-1),
  PageDown: (chart) => chart.pan(1),
  Home: (chart) => chart.pan(-1e6),
  End: (chart) => chart.pan(1e6),
  Escape: (chart) => chart.reset(),
  Enter: (chart) => chart.cursor !== null && chart.tapped(chart.cursor),
};

const BUTTONS = {
  "pan-left": (chart) => chart.pan(-0.5),
  "pan-right": (chart) => chart.pan(0.5),
  "zoom-in": (chart) => chart.zoom(0.5),
  "zoom-out": (chart) => chart.zoom(2),
  "zoom-reset": (chart) => chart.reset(),
};

/** The event after (or before) the one last shown; around the ends. */
function neighbour(events, chosen, step) {
  const at = events.indexOf(chosen);
  return events.at(((at < 0 && step < 0 ? 0 : at) + step) % events.length);
}

function actionOf(key, target, plot) {
  if (plot.contains(target)) return ARROWS[key] ?? SIGNS[key] ?? ON_PLOT[key];
  return target.matches(SCROLLED) ? SIGNS[key] : (ARROWS[key] ?? SIGNS[key]);
}

/** `chartOf()` gives the chart once there is one; `showEvent(event)` leads to an event. */
export function chartKeys(chartOf, showEvent) {
  const plot = byId("plot");
  // Not in the whole page: keys of one character are for where the focus is (WCAG 2.1.4).
  (plot.closest(".results") ?? plot).addEventListener("keydown", (event) => {
    const chart = chartOf();
    if (!chart || event.ctrlKey || event.metaKey || event.altKey || event.target.matches(FIELDS)) return;
    const { events, chosen } = chart.marks;
    const step = { n: 1, p: -1 }[event.key.toLowerCase()];
    if (step && events.length) showEvent(neighbour(events, chosen, step));
    else {
      const act = actionOf(event.key, event.target, plot);
      if (!act) return;
      act(chart);
    }
    event.preventDefault();
  });
  for (const [id, act] of Object.entries(BUTTONS)) byId(id).addEventListener("click", () => act(chartOf()));
}
