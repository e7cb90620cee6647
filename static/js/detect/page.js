// The page for stored data: composes its cards.
import { requestJson } from "../ui/api.js";
import { mountBusyIndicator } from "../ui/busy.js";
import { Connection } from "../ui/connection.js";
import { announce, find } from "../ui/dom.js";
import { EventTable } from "../ui/event_table.js";
import { clearProblem, showProblem } from "../ui/problem.js";
import { readAddress } from "./address.js";
import { ChartView } from "./chart_view.js";
import { ColumnThumbnails } from "./column_thumbnails.js";
import { Comparison } from "./comparison.js";
import { DemoForm } from "./demo_form.js";
import { DetectabilityCard } from "./detectability.js";
import { DetectionView } from "./detection.js";
import { ExportCard } from "./export_card.js";
import { FilePicker } from "./files.js";
import { History } from "./history.js";
import { ImportCard } from "./import_card.js";
import { DataImport, injectedFaults } from "./import_data.js";
import { LabelsCard } from "./labels_card.js";
import { RecentData } from "./recent_data.js";
import { getDetectability } from "./resources.js";
import { ResultCard } from "./result.js";
import { SensitivityCard } from "./sensitivity.js";
import { SettingsForm } from "./settings_form.js";
import { currentDetection, currentSeries, state } from "./state.js";

const MAX_THUMBNAIL_EVENTS = 400;

const at = (id) => find(document, `#${id}`);
const controls = find(document, "#controls", HTMLFormElement);
const problems = { service: at("service-problem"), data: at("data-problem"), columns: at("columns-problem") };
const columnsCard = at("columns-card");
/** Sources of the data imported since the page was opened, by the id of the series. @type {Map<string, DataSource>} */
const sources = new Map();

mountBusyIndicator(at("busy"));
const connection = new Connection(at("offline"));

const settings = new SettingsForm(controls, {
  onChange: settingsChanged,
  onColumn: (name) => detection.showColumn(name),
  onSubmit: () => detection.detect(),
});
const chartView = new ChartView(at("chart-card"), {
  onWindow: () => {
    history.scheduleUpdate();
    labelsCard.form.fillWindow();
  },
  onEvent: (event) => {
    eventTable.select(event);
    announce(event.explanation);
  },
  onLabel: (start, stop) => labelsCard.addAnomaly(start, stop),
  connection,
});
const showEvent = (event) => chartView.showEvent(event);
const labelsCard = new LabelsCard(at("labels-card"), {
  onChange: labelsChanged,
  onSelect: showEvent,
  onRetrain: () => detection.retrain(),
  windowInView: () => (chartView.chart ? [chartView.chart.from, chartView.chart.to] : null),
});
const eventTable = new EventTable(at("events"), {
  onSelect: showEvent,
  labelButtons: (event) => labelsCard.eventButtons(event),
});
const exportCard = new ExportCard(at("export-card"), {
  dialog: find(document, "#confirm", HTMLDialogElement),
  address: () => history.address(),
  hasAnomaly: () => labelsCard.store.hasAnomaly,
  png: async () => chartView.chart?.png(),
});
const detectability = new DetectabilityCard(at("detectability-card"), (signal) => {
  const current = currentDetection();
  const request = { column: state.column, detector: current?.detector, params: current?.params };
  return getDetectability(currentSeries().id, request, { signal });
});
const resultCard = new ResultCard(at("result-card"), (name) => detection.detectColumn(name));
const sensitivity = new SensitivityCard(at("sensitivity-card"), (changes) => detection.adjust(changes));
const detection = new DetectionView(
  {
    settings,
    resultCard,
    chartView,
    sensitivity,
    labelsCard,
    exportCard,
    eventTable,
    eventsCard: at("events-card"),
    thresholdHint: at("threshold-hint"),
    columnsProblem: problems.columns,
    connection,
  },
  { onColumns: drawColumns, onShown: detectionShown },
);
detection.comparison = new Comparison(at("compare-details"), {
  detect: (label, column, detector) => detection.run(label, column, detector),
  chartView,
});
const thumbnails = new ColumnThumbnails(columnsCard, {
  onSelect: (name) => {
    detection.showColumn(name);
    chartView.scrollIntoView();
  },
  onDetectAll: () => detection.detectAll(),
});
const importCard = new ImportCard(at("import-card"), (options) => dataImport.reread(options));
const recentData = new RecentData(at("recent"), (id) => dataImport.reopen(id));
const dataImport = new DataImport({
  problem: problems.data,
  columnsProblem: problems.columns,
  importCard,
  onOpen: dataOpened,
  onOverview: drawColumns,
});
const demoForm = new DemoForm(controls, (query) => dataImport.loadDemo(query));
new FilePicker(controls, {
  overlay: at("drop"),
  dialog: find(document, "#paste-dialog", HTMLDialogElement),
  onFile: (file) => dataImport.loadFile(file),
});
const history = new History({
  state: () => ({
    detector: settings.detector.name,
    params: settings.params.values,
    detection: currentDetection()?.id,
    window: chartView.partInView,
  }),
  onNavigate: restore,
});

async function start() {
  clearProblem(problems.service);
  try {
    const [{ detectors }, { kinds }] = await Promise.all([
      requestJson("GET", "/api/v1/detectors"),
      requestJson("GET", "/api/v1/demo/kinds"),
    ]);
    const address = readAddress(location.search);
    state.detectors = detectors;
    demoForm.offer(kinds, address.demo);
    settings.offerDetectors(detectors, address);
  } catch (error) {
    showProblem(problems.service, error, { retry: start });
    return;
  }
  recentData.reload();
  await restore(readAddress(location.search));
}

/** Shows what an address names. @param {import("./address.js").Address} address */
async function restore(address) {
  const { series, demo } = address;
  clearProblem(problems.data);
  history.pause();
  try {
    if (series) await restoreStored(series, address);
    else if (demo) await dataImport.loadDemo(demoForm.query);
  } catch (error) {
    if (error.status === undefined) throw error; // an error of the page
    const isGone = error.status === 404;
    if (isGone && demo) await dataImport.loadDemo(demoForm.query);
    else if (isGone) showProblem(problems.data, { message: "The data of this link was deleted. Load data again." });
    else showProblem(problems.data, error, { retry: () => restore(address) });
  } finally {
    history.resume();
  }
}

/** @param {string} series @param {import("./address.js").Address} address */
async function restoreStored(series, { detection: id, column, window, demo }) {
  if (series !== state.series?.id) {
    const source = sources.get(series) ?? (demo ? demoSource(demo) : null);
    if (!(await dataImport.openStored(series, source))) return;
    if (demo) state.injected = await injectedFaults(demo);
  }
  if (column && currentSeries().columns.includes(column)) detection.showColumn(column);
  const shown = currentDetection();
  const stored = id && (shown?.id === id ? shown : await detection.open(id));
  if (stored) {
    settings.fill(stored);
    state.column = stored.column;
    detection.add(stored, stored.column);
  } else chartView.draw(labelsCard.labels);
  if (window) chartView.view(...window);
}

/** @param {Record<string, string>} query @returns {DataSource} */
const demoSource = (query) => ({ kind: "demo", name: `Demo: ${query.kind}`, query, answer: null, options: {} });

/** Other data is loaded. @param {Label[]} labels */
function dataOpened(labels) {
  const series = currentSeries();
  clearProblem(problems.service);
  clearProblem(problems.columns);
  settings.clearProblem();
  if (state.source) sources.set(series.id, state.source);
  at("welcome").hidden = true;
  settings.offerColumns(series.columns, state.column);
  columnsCard.hidden = series.columns.length < 2;
  detection.hide();
  detectability.clear({ hidden: true });
  labelsCard.load(series, labels);
  chartView.draw(labels);
  drawColumns();
  recentData.reload(series.id);
  history.update();
}

/** A detection, or a column without one, is shown. */
function detectionShown() {
  const current = currentDetection();
  detectability.clear({ hidden: !current });
  if (current) exportCard.show(current);
  labelsCard.score();
  history.update();
}

function labelsChanged() {
  if (!state.series) return;
  chartView.drawLabels(labelsCard.labels);
  detection.drawEvents();
}

function settingsChanged() {
  const current = currentDetection();
  resultCard.setStale(current !== undefined && settings.differsFrom(current));
}

function drawColumns() {
  if (!state.overview.length) return;
  /** @param {AnomalyEvent} event */
  const span = ({ start, stop, start_time: from, stop_time: to }) => ({ from: from ?? start, to: to ?? stop - 1 });
  /** @type {Map<string, import("./column_thumbnails.js").ColumnState>} */
  const states = new Map();
  for (const [name, { events }] of state.detections) states.set(name, events.slice(0, MAX_THUMBNAIL_EVENTS).map(span));
  if (state.running) states.set(state.running, "running");
  thumbnails.draw(state.overview, { states, selected: state.column });
}

start();
