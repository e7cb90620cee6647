// What the page is about at the moment.

/**
 * detectors  as GET /api/v1/detectors lists them
 * source     where the data came from, see source.js; null when it was opened again: its file is not at hand
 * series     the kept series, as the service told it; null before there is any
 * column     the name of the column looked at
 * planted    [start, stop] of the faults of a demo
 * found      the latest judgement of each column, by its name
 * overview   the columns at a glance [{name, x, values}]
 * window     what the chart has in view
 */
export const state = {
  detectors: [],
  source: null,
  series: null,
  column: null,
  planted: [],
  found: new Map(),
  overview: [],
  window: null,
};

/** The judgement of the column looked at; undefined while there is none. */
export const shown = () => state.found.get(state.column);

/** The detector of this name. */
export const detectorNamed = (name) => state.detectors.find((each) => each.name === name);

/** {hasTimes, extent, step} of a kept series on the chart's axis: milliseconds since 1970, or positions. */
export function axisOf({ start, stop, points, step_seconds: step }) {
  const hasTimes = start !== null && start !== undefined;
  return {
    hasTimes,
    extent: hasTimes ? [start, stop] : [0, Math.max(0, points - 1)],
    step: hasTimes ? (step ?? 0) * 1000 : 1,
  };
}

/** The milliseconds that a kept series spans, for counting by time; 0 without times. */
export const lengthOf = (series) => (axisOf(series).hasTimes ? series.stop - series.start + axisOf(series).step : 0);
