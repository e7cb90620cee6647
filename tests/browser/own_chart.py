"""A chart of invented series on the page, without the page's own flow around it, for tests of the chart alone."""

OPEN = """async ({ points, many, wait }) => {
  const { SeriesChart } = await import("/static/js/chart/series_chart.js");
  const { minMax, windowOf } = await import("/static/js/chart/decimate.js");
  const byId = (id) => document.getElementById(id);
  byId("welcome").hidden = true;
  byId("chart-card").hidden = false;

  const START = Date.UTC(2026, 0, 1), STEP = 60000;
  const x = Float64Array.from({ length: points }, (_, k) => START + k * STEP);
  const every = Math.floor(points / many);
  const anomalous = (k, by) => k % every === by;
  const judged = (by, detector) => {
    const at = Array.from({ length: many }, (_, k) => k * every + by);
    const events = at.map((k) => ({ start: k, stop: k + 1, peak: k, start_time: x[k], stop_time: x[k], peak_time: x[k],
      value: value(k), expected: 10, severity: 2, direction: "above", explanation: "High." }));
    const score = x.map((_, k) => (anomalous(k, by) ? 8 : 1));
    return { name: "invented", detector, hasTimes: true, step: STEP, threshold: 4, x, values, score, events, labels: [],
      expected: x.map(() => 10), lower: x.map(() => 6), upper: x.map(() => 14),
      flagged: Int32Array.from(at), peaks: Int32Array.from(at) };
  };
  const value = (k) => (anomalous(k, 5) || anomalous(k, 25) ? 20 : 10 + Math.sin(k / 20));
  const values = x.map((_, k) => value(k));

  // As the service answers: after a while, of each bucket the smallest and the largest value.
  const kept = (whole) => {
    const { x: all, ...rest } = whole;
    const names = ["values", "expected", "lower", "upper", "score"];
    const { name, detector, hasTimes, step, threshold, events } = rest;
    return { name, detector, hasTimes, step, threshold, events, labels: [], source: {
      extent: [x[0], x[points - 1]],
      async window(from, to, buckets, signal) {
        globalThis.asked.push([from, to, buckets, performance.now()]);
        await new Promise((done) => setTimeout(done, wait));
        if (signal.aborted) throw new DOMException("", "AbortError");
        if (globalThis.broken) throw new Error("away");
        const positions = minMax(windowOf(x, from, to, buckets), values);
        const of = (column) => Float64Array.from(positions, (k) => column[k]);
        const columns = Object.fromEntries(names.map((each) => [each, of(whole[each])]));
        const flagged = Int32Array.from(positions.keys()).filter((row) => columns.score[row] > 4);
        return { ...columns, x: of(x), positions, flagged, peaks: new Int32Array(),
          gaps: new Int32Array(), from, to, width: positions.length === points ? 0 : (to - from) / buckets };
      } } };
  };
  const one = judged(5, "First"), two = judged(25, "Second");
  Object.assign(globalThis, { asked: [], told: [], x, one, two, kept });
  globalThis.own = new SeriesChart(byId("canvas"), () => {}, { navigator: true, legend: byId("legend"),
    onEvent: (event) => told.push(["event", event.start]), onLabel: (...stretch) => told.push(["mark", ...stretch]),
    onProblem: (error) => told.push(["problem", error && error.message]) });
  own.show(wait === null ? one : kept(one));
}"""

# Colours of the canvas: of the pixels of a square around a place on the axes.
PIXELS = """([at, y, half]) => { const chart = Chart.getChart("canvas"), ratio = chart.currentDevicePixelRatio;
  const copy = new OffscreenCanvas(chart.canvas.width, chart.canvas.height).getContext("2d");
  copy.drawImage(chart.canvas, 0, 0);
  const left = chart.scales.x.getPixelForValue(at) * ratio, top = chart.scales.y.getPixelForValue(y) * ratio;
  const { data } = copy.getImageData(Math.round(left - half), Math.round(top - half), 2 * half + 1, 2 * half + 1);
  return Array.from({ length: data.length / 4 }, (_, k) => [...data.slice(4 * k, 4 * k + 4)]); }"""


def open_chart(page, points=2000, many=4, wait=None):
    """A chart `own` of `many` events among `points`; with `wait` (ms), its points come a window at a time."""
    page.goto("/")
    page.locator("#demo-kind:enabled").wait_for()
    page.evaluate(OPEN, {"points": points, "many": many, "wait": wait})
    page.locator(".navigator").wait_for()
    page.wait_for_function("() => own.rows")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def pixels(page, at, y, half=2):
    """The colours [r, g, b, a] around a point of the series, given by its position and a value."""
    return page.evaluate(PIXELS, [page.evaluate("(k) => x[k]", at), y, half])
