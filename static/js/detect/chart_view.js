// The chart on the page: which series it shows, what is said of the window in view, and the way from events to it.
import { SeriesChart } from "../chart/series_chart.js";
import { announce, byId } from "../ui/dom.js";
import { count, counted, duration, styled, time } from "../ui/format.js";
import { serviceAway, serviceBack } from "../ui/connection.js";
import { axisOf, detectorNamed, shown, state } from "./state.js";
import { storedDetection, storedSeries } from "../chart/window_source.js";
import { headline } from "./result.js";

let chart = null;
const told = { window: () => {}, event: () => {}, mark: () => {} };

/** `onWindow()`, `onEvent(event)`, `onMark(start, stop)`: what a person does in the chart. */
export const onLook = (listeners) => Object.assign(told, listeners);

export const chartNow = () => chart;

function windowChanged(from, to, window) {
  state.window = window;
  const { hasTimes } = chart.series;
  const words = hasTimes
    ? `${time(Math.round(from))} to ${time(Math.round(to))} UTC, ${duration(to - from)}`
    : `Points ${count(Math.ceil(from))} to ${count(Math.floor(to))}`;
  byId("window").textContent = `In view: ${words}${chart.everything ? " (everything)" : ""}`;
  if (byId("points-details").open) drawTable();
  told.window(from, to);
}

export async function drawTable() {
  const { drawWindow } = await import("../chart/points_table.js");
  if (state.window) drawWindow(byId("points"), chart.series, state.window);
}

function made() {
  return new SeriesChart(byId("canvas"), windowChanged, {
    onEvent: (event) => told.event(event),
    onMark: (...stretch) => told.mark(...stretch),
    legend: byId("legend"),
    overview: true,
    onProblem: (error) => (error ? serviceAway(error, () => chart.view(chart.from, chart.to)) : serviceBack()),
  });
}

/** What the chart is to show of a column and its judgement, if there is one. */
export function drawable(column, found, labels) {
  const axis = axisOf(state.series);
  const rest = { name: column, hasTimes: axis.hasTimes, step: axis.step, labels: [...state.planted, ...labels] };
  if (!found) return { ...rest, source: storedSeries(state.series.id, column, axis) };
  const { title } = detectorNamed(found.detector) ?? { title: found.detector };
  return {
    ...rest,
    source: storedDetection(found.id, axis),
    expected: true,
    events: found.events,
    threshold: found.threshold,
    detector: title,
  };
}

/** Draws the column looked at; keeps the window if `keep`. */
export function drawChart(labels, { keep = false } = {}) {
  byId("chart-card").hidden = false;
  chart ??= made();
  const found = shown();
  chart.show(drawable(state.column, found, labels), { keep });
  const words = found ? `${headline({ events: found.summary.events })}.` : "Not judged yet.";
  byId("canvas").setAttribute("aria-label", `Line chart of ${state.column}. ${words}`);
}

/** Leads to an event: the chart shows it, and a reader hears it. */
export function showEvent(event) {
  chart.toEvent(event);
  byId("chart-card").scrollIntoView({ block: "nearest" });
  announce(`In view: ${event.explanation ? styled(event.explanation) : counted(event.stop - event.start, "point")}`);
}
