// What the page shows now.

/**
 * @typedef {object} PageState
 * @property {DetectorInfo[]} detectors
 * @property {DataSource | null} source null for recent data: its file is not at hand
 * @property {SeriesInfo | null} series null before any data is loaded
 * @property {string} column the column shown
 * @property {[number, number][]} injected faults of a demo, half-open positions
 * @property {Map<string, Detection>} detections the latest of each column
 * @property {string | null} running the column that "Detect in all columns" works on
 * @property {{name: string, x: number[], values: number[]}[]} overview the columns as thumbnails show them
 */

/** @type {PageState} */
export const state = {
  detectors: [],
  source: null,
  series: null,
  column: "",
  injected: [],
  detections: new Map(),
  running: null,
  overview: [],
};

/** The series. Throws before any data is loaded. */
export function currentSeries() {
  if (!state.series) throw new Error("No data is loaded.");
  return state.series;
}

/** The detection of the column shown; undefined before there is one. */
export const currentDetection = () => state.detections.get(state.column);

/** The detector of this name. @param {string} name */
export const detectorNamed = (name) => state.detectors.find((each) => each.name === name);

/**
 * How a stored series lies on the axis.
 * @param {Pick<SeriesInfo, "start" | "stop" | "points" | "step_seconds">} series
 * @returns {Axis}
 */
export function axisOf({ start, stop, points, step_seconds: step }) {
  if (start === null || start === undefined) return { hasTimes: false, extent: [0, Math.max(0, points - 1)], step: 1 };
  return { hasTimes: true, extent: [start, stop ?? start], step: (step ?? 0) * 1000 };
}

/** The milliseconds that a stored series spans, for rates; 0 without times. @param {SeriesInfo} series */
export function lengthOf(series) {
  const { hasTimes, extent, step } = axisOf(series);
  return hasTimes ? extent[1] - extent[0] + step : 0;
}
