// Stretches behind the lines: events, and the labels of demo data (where faults were planted). A Chart.js plugin.

const LEAST = 3; // pixels, so that an event of one point is still seen

function stretch({ chartArea: { left, right }, scales: { x } }, from, to) {
  const begin = x.getPixelForValue(from);
  const end = x.getPixelForValue(to);
  if (end < left || begin > right) return null;
  const half = Math.max(LEAST, end - begin) / 2;
  const middle = (begin + end) / 2;
  return [Math.max(left, middle - half), Math.min(right, middle + half)];
}

/**
 * The plugin over one `state`: {x, labels: [[start, stop]], events, chosen, colours: {label, event, anomaly}}. It is
 * kept outside the chart's options, which Chart.js would wrap, point by point.
 */
export const marksOf = (state) => ({
  id: "marks",
  beforeDatasetsDraw(chart) {
    const { ctx, chartArea: { top, bottom } } = chart;
    const { x, colours } = state;
    const fill = (start, stop, colour, height) => {
      const place = stretch(chart, x[start], x[stop - 1]);
      if (!place) return;
      ctx.fillStyle = colour;
      ctx.fillRect(place[0], top, place[1] - place[0], height);
    };
    ctx.save();
    for (const [start, stop] of state.labels) fill(start, stop, colours.label, bottom - top);
    for (const event of state.events) {
      fill(event.start, event.stop, colours.event, bottom - top);
      fill(event.start, event.stop, colours.anomaly, event === state.chosen ? 7 : 3);
    }
    ctx.restore();
  },
});
