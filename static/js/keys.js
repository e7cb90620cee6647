// Moving through the chart without a mouse: keys on the plot, and the buttons above it.
import { byId } from "./dom.js";

const ACTIONS = {
  ArrowLeft: (chart) => chart.pan(-0.2),
  ArrowRight: (chart) => chart.pan(0.2),
  PageUp: (chart) => chart.pan(-1),
  PageDown: (chart) => chart.pan(1),
  Home: (chart) => chart.pan(-1e6),
  End: (chart) => chart.pan(1e6),
  "+": (chart) => chart.zoom(0.5),
  "=": (chart) => chart.zoom(0.5),
  "-": (chart) => chart.zoom(2),
  0: (chart) => chart.reset(),
  Escape: (chart) => chart.reset(),
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

/** `chartOf()` gives the chart once there is one; `showEvent(event)` leads to an event. */
export function chartKeys(chartOf, showEvent) {
  byId("plot").addEventListener("keydown", (event) => {
    const chart = chartOf();
    if (!chart || event.ctrlKey || event.metaKey || event.altKey) return;
    const { events, chosen } = chart.marks;
    const step = { n: 1, p: -1 }[event.key.toLowerCase()];
    if (step && events.length) showEvent(neighbour(events, chosen, step));
    else if (ACTIONS[event.key]) ACTIONS[event.key](chart);
    else return;
    event.preventDefault();
  });
  for (const [id, act] of Object.entries(BUTTONS)) byId(id).addEventListener("click", () => act(chartOf()));
}
