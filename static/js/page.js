// The page: choose data, see what was read, detect, look at the events.
import { addressOf, readAddress } from "./address.js";
import { ask, send } from "./api.js";
import { busy } from "./busy.js";
import { SeriesChart } from "./chart.js";
import { fromRead, runs, withResult } from "./columns.js";
import { announce, byId, element } from "./dom.js";
import { acceptDrops } from "./drop.js";
import { drawEvents } from "./events.js";
import { ParameterForm } from "./form.js";
import { count, duration, styled, time } from "./format.js";
import { chartKeys } from "./keys.js";
import { drawLegend } from "./legend.js";
import { drawWindow } from "./points.js";
import { clearProblem, showProblem } from "./problem.js";
import { curlOf, fromDemo, fromFile, requestOf } from "./source.js";
import { drawUnderstood, spoken } from "./understood.js";
import { drawJudgedHow, drawNotes, drawOtherColumns, drawVerdict, headline } from "./verdict.js";

const PROBLEMS = ["service-problem", "data-problem", "detect-problem", "download-problem"];
const state = { detectors: [], source: null, series: null, result: null, choice: null, window: null };
let chart = null;

const form = new ParameterForm(byId("params"), settingsChanged);
const detector = () => state.detectors.find(({ name }) => name === byId("detector").value);
const choice = () => ({ column: state.series.name, detector: detector().name, params: form.values });
const clearProblems = () => PROBLEMS.forEach(clearProblem);

async function start() {
  clearProblem("service-problem");
  try {
    const [{ detectors }, { kinds }] = await Promise.all([ask("GET", "/api/v1/detectors"), ask("GET", "/api/v1/demo/kinds")]);
    offer(detectors, kinds);
  } catch (error) {
    showProblem("service-problem", error, { retry: start });
    return;
  }
  const { demo } = readAddress(location.search);
  if (demo) await loadDemo();
}

function offer(detectors, kinds) {
  const wanted = readAddress(location.search);
  state.detectors = detectors;
  const kind = byId("demo-kind");
  kind.replaceChildren(...kinds.map(({ name, title }) => element("option", { value: name }, title)));
  const tell = () => { byId("demo-help").textContent = `${kinds.find(({ name }) => name === kind.value).help} Faults are planted at known places.`; };
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

async function loadDemo() {
  clearProblems();
  const query = { kind: byId("demo-kind").value, points: byId("demo-points").value, seed: byId("demo-seed").value };
  await reading("Loading demo data", async ({ signal }) => {
    const answer = await ask("GET", `/api/v1/demo?${new URLSearchParams(query)}`, { signal });
    return fromDemo(query, answer);
  });
}

async function loadFile(file, others = 0) {
  clearProblems();
  await reading(`Reading ${file.name}`, async () => fromFile(file));
  if (others && state.source?.file === file) announce(`Only ${file.name} was read: one file at a time.`);
}

/** Gets data from `fetchSource`, has it read, and shows what was understood. */
async function reading(label, fetchSource, column) {
  let source;
  try {
    const read = await busy(label, async ({ signal, stage }) => {
      source = await fetchSource({ signal });
      const onUpload = (fraction) => stage(fraction < 1 ? `Sending ${source.name}` : label, fraction < 1 ? fraction : null);
      return ask("POST", "/api/v1/read?times=ms", { ...requestOf(source, { column }), signal, onUpload });
    });
    if (read) showRead(source, read);
  } catch (error) {
    const again = ({ name, value }) => {
      clearProblems();
      reading(label, async () => ({ ...source, options: { ...source.options, [name]: value } }), column);
    };
    const retry = () => {
      clearProblems();
      reading(label, fetchSource, column);
    };
    showProblem("data-problem", error, { onChoice: again, retry: error.code === "unreachable" ? retry : undefined });
  }
}

function showRead(source, read) {
  const series = fromRead(read);
  if (source.kind === "demo") series.labels = runs(source.answer.labels);
  Object.assign(state, { source, series, result: null, choice: null });
  const columns = read.columns?.length ? read.columns : [series.name];
  byId("column").replaceChildren(...columns.map((name) => element("option", { value: name, selected: name === series.name }, name)));
  byId("column-field").hidden = columns.length < 2;
  byId("welcome").hidden = true;
  for (const id of ["verdict-card", "events-card"]) byId(id).hidden = true;
  byId("read-card").hidden = false;
  byId("zone").hidden = source.kind !== "file" || !series.hasTimes;
  drawUnderstood(byId("facts"), byId("repairs"), read, source, series);
  showChart(series);
  byId("detect-hint").textContent = "";
  keepAddress();
  announce(spoken(read));
}

function keepAddress() {
  const { source } = state;
  const address = source.kind === "demo" ? addressOf(source.query, detector().name, form.values) : location.pathname;
  history.replaceState(null, "", address);
}

function showChart(series, options) {
  byId("chart-card").hidden = false;
  chart ??= new SeriesChart(byId("canvas"), windowChanged);
  chart.show(series, options);
  drawLegend(byId("legend"), series);
  const told = series.events ? `${headline({ events: series.events.length })}.` : "Not judged yet.";
  byId("canvas").setAttribute("aria-label", `Line chart of ${series.name}. ${told}`);
}

function windowChanged(from, to, window) {
  state.window = window;
  const { series } = state;
  const words = series.hasTimes ? `${time(from)} to ${time(to)} UTC, ${duration(to - from)}` : `Points ${count(Math.ceil(from))} to ${count(Math.floor(to))}`;
  byId("window").textContent = `In view: ${words}${chart.everything ? " (everything)" : ""}`;
  if (byId("points-details").open) drawTable();
}

function drawTable() {
  drawWindow(byId("points"), state.series, state.window);
}

function showEvent(event) {
  chart.toEvent(event);
  byId("chart-card").scrollIntoView({ block: "nearest" });
  announce(`In view: ${styled(event.explanation)}`);
}

async function detect() {
  clearProblems();
  if (!state.source) {
    showProblem("detect-problem", { message: "There is no data yet: upload a CSV file or load demo data first." });
    return;
  }
  if (!form.check()) return;
  const chosen = choice();
  try {
    const answer = await busy("Detecting anomalies", ({ signal, stage }) => {
      const onUpload = (fraction) => (fraction < 1 ? stage("Sending the data", fraction) : stage("Detecting anomalies"));
      return ask("POST", "/api/v1/detect?times=ms", { ...requestOf(state.source, chosen), signal, onUpload });
    });
    if (answer) showResult(answer, chosen);
  } catch (error) {
    if (!form.take(error)) showProblem("detect-problem", error, { retry: error.code === "unreachable" ? detect : undefined });
  }
}

function showResult(answer, chosen) {
  const series = withResult(state.series, answer);
  Object.assign(state, { series, result: answer, choice: chosen });
  showChart(series, { keep: true });
  drawVerdict(byId("verdict"), answer);
  drawNotes(byId("notes"), answer);
  drawOtherColumns(byId("other-columns"), answer, judgeColumn);
  drawJudgedHow(byId("judged-how"), answer);
  drawEvents(byId("events"), series, showEvent);
  byId("curl").textContent = curlOf(state.source, { ...chosen, params: answer.params }, location.origin);
  for (const id of ["verdict-card", "events-card"]) byId(id).hidden = false;
  byId("stale").hidden = true;
  toVerdict();
  keepAddress();
  announce(byId("verdict").textContent);
}

/** The verdict and as much of the chart as there is room for come into view, and the chart's keys work. */
function toVerdict() {
  const card = byId("verdict-card");
  // Whoever pressed Enter in a field stays there, to change it again.
  if (!document.activeElement.matches("input, select")) byId("plot").focus({ preventScroll: true });
  const { top } = card.getBoundingClientRect();
  const { bottom } = byId("plot").getBoundingClientRect();
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
  if (top < 0 || bottom > innerHeight) card.scrollIntoView({ behavior });
}

async function judgeColumn(name) {
  byId("column").value = name;
  clearProblems();
  await reading(`Reading ${name}`, async () => state.source, name);
  if (state.series.name === name && !state.result) await detect();
}

function settingsChanged() {
  const changed = state.choice && JSON.stringify(choice()) !== JSON.stringify(state.choice);
  byId("stale").hidden = !changed;
}

async function download() {
  clearProblem("download-problem");
  try {
    const { body, headers } = requestOf(state.source, state.choice);
    const answer = await busy("Preparing the file", ({ signal }) =>
      send("POST", "/api/v1/detect", { body, headers: { ...headers, Accept: "text/csv" }, signal }));
    if (!answer) return;
    const url = URL.createObjectURL(new Blob([answer.text], { type: "text/csv" }));
    element("a", { href: url, download: `${state.source.name.replace(/[^\w.-]+/g, "-").replace(/\.csv$/i, "")}-anomalies.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  } catch (error) {
    showProblem("download-problem", error);
  }
}

byId("demo").addEventListener("click", loadDemo);
byId("upload").addEventListener("click", () => byId("file").click());
byId("file").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  target.value = ""; // so that the same file, mended, can be chosen again
  if (file) loadFile(file);
});
byId("column").addEventListener("change", ({ target }) => {
  clearProblems();
  reading(`Reading ${target.value}`, async () => state.source, target.value);
});
byId("detector").addEventListener("change", () => {
  drawDetector();
  settingsChanged();
});
byId("controls").addEventListener("submit", (event) => {
  event.preventDefault();
  detect();
});
byId("download").addEventListener("click", download);
byId("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(byId("curl").textContent);
  announce("Copied.");
});
byId("points-details").addEventListener("toggle", () => byId("points-details").open && drawTable());
document.documentElement.addEventListener("themechange", () => chart?.paint());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart?.paint());
acceptDrops(loadFile);
chartKeys(() => chart, showEvent);
start();
