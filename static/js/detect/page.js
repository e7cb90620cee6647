// The page: what a person does, and what follows from it.
import { addressOf, readAddress } from "./address.js";
import { ask } from "../ui/api.js";
import { loadDemo, loadFile, onOpen, openKept, plantedIn, reopen } from "./import_data.js";
import { offerCatches } from "./detectability.js";
import { announce, byId, element } from "../ui/dom.js";
import { acceptDrops } from "../ui/drop.js";
import { drawEvents, markRow } from "../ui/event_table.js";
import { acceptPastes, offerFiles } from "./files.js";
import { ParameterForm } from "../ui/parameter_form.js";
import { Judging, keptJudgement } from "./detection.js";
import { catchesOf } from "./resources.js";
import { chartKeys } from "../chart/keys.js";
import { chartNow, drawChart, drawTable, onLook, showEvent } from "./chart_view.js";
import { clearProblem, showProblem } from "../ui/problem.js";
import { drawRecent } from "./recent_data.js";
import { drawSmalls } from "./column_thumbnails.js";
import { axisOf, detectorNamed, shown, state } from "./state.js";
import { Taking } from "./export_card.js";
import { Marking } from "./label_form.js";
import { Tuning } from "./sensitivity.js";

const PAUSE = 300; // ms of rest until the window in view is written into the address
const MOST_EVENTS = 400; // kept of each column for its small chart

const form = new ParameterForm(byId("params"), settingsChanged);
const tuning = new Tuning((changes) => judging.again(changes));
const marking = new Marking({ changed: marksChanged, lead: showEvent });
const judging = new Judging({
  form,
  tuning,
  teaching: marking,
  drawEvents: drawFound,
  drawSmalls: drawColumns,
  changed: settled,
});
const taking = new Taking({ address, taught: () => marking.labels.some(({ kind }) => kind === "anomaly") });
const forgetCatches = offerCatches(
  byId("detectability"),
  (signal) => {
    const { detector: name, params } = shown();
    return catchesOf(state.series.id, { column: state.column, detector: name, params }, { signal });
  },
  (error, again) => (error ? showProblem("detectability-problem", error, { retry: again }) : clearProblem("detectability-problem")),
);
const sources = new Map(); // of the series that were brought since the page was opened, by their ids
let restoring = 0; // views that are on their way back
let place = ""; // what the present step of the history shows: a series and a column
let rest = null; // the timer until the window is written into the address
const detector = () => detectorNamed(byId("detector").value);

async function start() {
  clearProblem("service-problem");
  try {
    const [{ detectors }, { kinds }] = await Promise.all([
      ask("GET", "/api/v1/detectors"),
      ask("GET", "/api/v1/demo/kinds"),
    ]);
    offer(detectors, kinds);
  } catch (error) {
    showProblem("service-problem", error, { retry: start });
    return;
  }
  drawRecent(reopen);
  await restore(readAddress(location.search));
}

/** What a link or a reload asks for. */
async function restore(wanted) {
  restoring += 1;
  clearProblem("data-problem");
  try {
    if (wanted.series) await restoreKept(wanted);
    else if (wanted.demo) await loadDemo(demoQuery());
  } catch (error) {
    if (error.status === undefined) throw error; // a mistake of ours, which no answer of the service is
    if (wanted.demo && error.status === 404) await loadDemo(demoQuery());
    else if (error.status === 404)
      showProblem("data-problem", { message: "This link leads to data that is not kept any more. Choose data again." });
    else showProblem("data-problem", error, { retry: () => restore(wanted) });
  } finally {
    restoring -= 1;
    if (state.series && !restoring) keepAddress(true);
  }
}

async function restoreKept({ series, detection, column, window, demo }) {
  if (series !== state.series?.id) {
    const source =
      sources.get(series) ??
      (demo && { kind: "demo", name: `Demo: ${demo.kind}`, query: demo, answer: null, options: {} });
    if (!(await openKept(series, source))) return;
    if (demo) state.planted = await plantedIn(demo);
  }
  if (column && state.series.columns.includes(column)) judging.choose(column);
  const found = detection && (shown()?.id === detection ? shown() : await keptJudgement(detection));
  if (found) {
    byId("detector").value = found.detector;
    drawDetector(found.params);
    state.column = found.column;
    byId("column").value = found.column;
    judging.arrived(found, found.column);
  } else drawChart(marking.labels);
  if (window) chartNow().view(...window);
}

function offer(detectors, kinds) {
  const wanted = readAddress(location.search);
  state.detectors = detectors;
  const kind = byId("demo-kind");
  kind.replaceChildren(...kinds.map(({ name, title }) => element("option", { value: name }, title)));
  const tell = () => {
    byId("demo-help").textContent =
      `${kinds.find(({ name }) => name === kind.value).help} Faults are planted at known places.`;
  };
  if (kinds.some(({ name }) => name === wanted.demo?.kind)) kind.value = wanted.demo.kind;
  kind.addEventListener("change", tell);
  tell();
  if (wanted.demo?.points) byId("demo-points").value = wanted.demo.points;
  if (wanted.demo?.seed) byId("demo-seed").value = wanted.demo.seed;
  const choose = byId("detector");
  choose.replaceChildren(...detectors.map(({ name, title }) => element("option", { value: name }, title)));
  if (detectors.some(({ name }) => name === wanted.detector)) choose.value = wanted.detector;
  for (const each of [kind, choose]) each.disabled = false;
  drawDetector(wanted.params);
}

function drawDetector(params) {
  byId("detector-help").textContent = detector().help;
  form.draw(detector(), params);
}

const demoQuery = () => ({
  kind: byId("demo-kind").value,
  points: byId("demo-points").value,
  seed: byId("demo-seed").value,
});

/** Other data is there. */
function dataOpened(labels) {
  for (const id of ["service-problem", "detect-problem", "columns-problem"]) clearProblem(id);
  if (state.source) sources.set(state.series.id, state.source);
  judging.hide();
  forgetCatches();
  byId("detectability-card").hidden = true;
  marking.take(state.series, labels);
  drawChart(labels);
  drawColumns();
  keepAddress();
}
dataOpened.smalls = drawColumns;

/** A judgement is shown as it now is. */
function settled() {
  forgetCatches();
  byId("detectability-card").hidden = !shown();
  if (shown()) taking.draw();
  marking.score();
  keepAddress();
}

function marksChanged() {
  if (!state.series) return;
  chartNow()?.label([...state.planted, ...marking.labels]);
  if (shown()) drawFound(shown());
}

function drawFound(found) {
  const { hasTimes } = axisOf(state.series);
  drawEvents(byId("events"), { ...found, hasTimes }, showEvent, { says: (event) => marking.buttons(event) });
}

function drawColumns() {
  if (!state.overview.length) return;
  const judged = new Map(
    [...state.found].map(([name, { events }]) => [
      name,
      events
        .slice(0, MOST_EVENTS)
        .map((event) => ({ from: event.start_time ?? event.start, to: event.stop_time ?? event.stop - 1 })),
    ]),
  );
  if (state.judging) judged.set(state.judging, "busy");
  drawSmalls(byId("thumbnails"), state.overview, {
    judged,
    chosen: state.column,
    onChoose: (name) => {
      judging.choose(name);
      byId("chart-card").scrollIntoView({ block: "nearest" });
    },
  });
}

/** The address that leads back to what is shown. */
function address() {
  const { source, series, column } = state;
  if (!series) return location.pathname;
  const found = shown();
  const chart = chartNow();
  const demo = source?.kind === "demo" ? source.query : null;
  const recipe = demo ? { demo, detector: detector().name, params: form.values } : {};
  const window = chart && !chart.everything ? [chart.from, chart.to].map(Math.round) : null;
  return addressOf({
    ...recipe,
    series: series.id,
    detection: found?.id,
    column: series.columns.length > 1 ? column : undefined,
    window,
  });
}

/** What is shown goes into the address. Other data, or another column, is a step of its own, to which Back leads. */
function keepAddress(same = false) {
  clearTimeout(rest);
  if (restoring) return; // the address says where that leads
  const step = state.series ? `${state.series.id} ${state.column}` : "";
  history[same === true || step === place ? "replaceState" : "pushState"](null, "", address());
  place = step;
}

/** Back and Forward lead to another view. */
addEventListener("popstate", () => {
  clearTimeout(rest);
  if (location.search === (state.series ? address() : "")) return; // only a link within the page
  const wanted = readAddress(location.search);
  if (wanted.series || wanted.demo) restore(wanted);
  else location.reload(); // back to the beginning
});

onLook({
  window: () => {
    clearTimeout(rest);
    rest = setTimeout(keepAddress, PAUSE);
    marking.looked();
  },
  event: (event) => {
    markRow(byId("events"), event);
    announce(event.explanation);
  },
  mark: (start, stop) => marking.stretch(start, stop),
});

function settingsChanged() {
  const found = shown();
  const asked = { detector: detector().name, params: form.values };
  byId("stale").hidden =
    !found ||
    JSON.stringify(asked) ===
      JSON.stringify({
        detector: found.detector,
        params: Object.fromEntries(Object.keys(asked.params).map((name) => [name, found.params[name]])),
      });
}

onOpen(dataOpened);
byId("demo").addEventListener("click", () => loadDemo(demoQuery()));
byId("upload").addEventListener("click", () => byId("file").click());
byId("file").addEventListener("change", ({ target }) => {
  const files = [...target.files];
  target.value = ""; // so that the same file, mended, can be chosen again
  if (files.length) offerFiles(files, (file) => loadFile(file));
});
byId("column").addEventListener("change", ({ target }) => judging.choose(target.value));
byId("detector").addEventListener("change", () => {
  drawDetector();
  settingsChanged();
});
byId("controls").addEventListener("submit", (event) => {
  event.preventDefault();
  judging.detect();
});
byId("detect-all").addEventListener("click", () => judging.judgeAll());
byId("compare-go").addEventListener("click", () => judging.compare());
byId("compare-end").addEventListener("click", () => judging.endComparison());
byId("retrain").addEventListener("click", () => judging.learnAgain());
byId("points-details").addEventListener("toggle", () => byId("points-details").open && drawTable());
document.documentElement.addEventListener("themechange", () => chartNow()?.paint());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chartNow()?.paint());
const take = (files) => offerFiles(files, (file) => loadFile(file));
acceptDrops(take);
acceptPastes(take);
chartKeys(chartNow, showEvent);
start();
