// The live page: composes the choice of stream, its settings and alerts, its chart and its events.
import { requestJson, ServiceError } from "../ui/api.js";
import { announce, find } from "../ui/dom.js";
import { label } from "../ui/format.js";
import { clearProblem, showProblem } from "../ui/problem.js";
import { Alerts } from "./alerts.js";
import { CreateStream } from "./create_stream.js";
import { DeleteStream } from "./delete_stream.js";
import { EventHistory } from "./event_history.js";
import { EventLabels } from "./event_labels.js";
import { EventList } from "./event_list.js";
import { HistoryWindow, pointAt } from "./history_window.js";
import { PointBuffer } from "./point_buffer.js";
import { PAGE_POINTS, Poller } from "./poller.js";
import { StreamSettings } from "./settings.js";
import { DEMO, listStreams, StreamSelect } from "./stream_select.js";
import { displayedState, stateText, StreamStatus, titleOf } from "./stream_status.js";
import { StreamView } from "./stream_view.js";

const INFO_INTERVAL = 1000; // milliseconds between requests for the stream's state, at least
const AGE_INTERVAL = 1000; // milliseconds: updates the age of the newest point while none arrive
const START_RETRY_DELAY = 2000; // milliseconds

const at = (id) => find(document, `#${id}`);
const form = (id) => find(document, `#${id}`, HTMLFormElement);
const serviceProblem = at("service-problem");
const noEvents = at("no-events");

const state = {
  name: DEMO,
  /** The stream, as GET /api/v1/streams/{name} answers. @type {any} */
  info: null,
  infoAt: -Infinity,
  /** The newest points, as the chart draws them. @type {any} */
  series: null,
  /** The axis value at which the last announced event starts. @type {number | null} */
  announced: null,
  announcedState: "",
  /** The cursor before the first point loaded. */
  oldest: 0,
  loadingEarlier: false,
  /** When the last points were received, ms since 1970 UTC; 0: never. */
  receivedAt: 0,
  unreachable: false,
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  startTimer: undefined,
};

const url = () => `/api/v1/streams/${encodeURIComponent(state.name)}`;

/** At most `limit` points after a cursor; the newest where it is null. */
function readPoints(cursor, limit, /** @type {AbortSignal | undefined} */ signal = undefined) {
  const query = new URLSearchParams({ times: "ms", limit: String(limit) });
  if (cursor !== null) query.set("after", String(cursor));
  return requestJson("GET", `${url()}/points?${query}`, { signal });
}

const buffer = new PointBuffer();
const historyWindow = new HistoryWindow(readPoints);
const poller = new Poller({ read: readPoints, onPoints: pointsReceived, onError: pollFailed, onRecovery: recovered });
const select = new StreamSelect(form("settings"), {
  onSelect: watch,
  onInterval(interval) {
    poller.set({ interval });
    view.drawMode();
  },
  onPoints(points) {
    if (historyWindow.open) backToLive();
    view.setPointsShown(points);
  },
});
const status = new StreamStatus(at("status-card"));
const settings = new StreamSettings(form("settings"), {
  url,
  onApplied: (info) => {
    state.info = info;
  },
});
const view = new StreamView(at("chart-card"), {
  mode: () => ({
    unreachable: state.unreachable,
    paused: poller.paused,
    receivedAt: state.receivedAt,
    interval: poller.interval,
    points: buffer.length,
  }),
  pointsShown: () => select.points,
  onPause: setPaused,
  onBackToLive: backToLive,
  onEvent: (event) => showEventAt(event.from),
  onEdge(direction) {
    if (historyWindow.open) extendHistory(direction);
    else if (direction < 0) loadEarlier();
  },
});
const labels = new EventLabels(at("event-labels"), { url, onLabels: drawEvents });
const list = new EventList(at("events"), {
  onSelect: showEventAt,
  labelText: (event) => labels.textOf(event, state.series.hasTimes),
});
const eventHistory = new EventHistory(at("history-card"), { url, onSelect: showHistory });
const alerts = new Alerts(form("alerts"), { url, name: () => state.name, onSelect: showHistory });
const deletion = new DeleteStream(at("delete-stream"), {
  url,
  points: () => state.info?.points,
  async onDeleted() {
    watch(DEMO);
    await select.reload();
    select.focus();
  },
});
new CreateStream(form("create-stream"), {
  overlay: at("drop"),
  currentName: () => state.name,
  async onCreated(name) {
    await select.reload();
    watch(name);
  },
});

/** Runs work that the page can do without: the poller reports a service that does not answer. */
async function optional(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return undefined;
  }
}

async function start() {
  clearTimeout(state.startTimer);
  try {
    const [{ detectors }, streams, { policy_params: params }] = await Promise.all([
      requestJson("GET", "/api/v1/detectors"),
      listStreams(),
      requestJson("GET", "/api/v1/alerts?limit=1"),
    ]);
    settings.offer(detectors);
    alerts.params = params.filter(({ type }) => type === "integer" || type === "number");
    select.draw(streams);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const message = `${error.message} Retrying.`;
    showProblem(serviceProblem, { message, detail: error.detail }, { retry: start });
    state.startTimer = setTimeout(start, START_RETRY_DELAY);
    return;
  }
  serviceAnswers();
  watch(select.name);
}

/** Shows another stream. @param {string} name */
function watch(name) {
  poller.stop();
  buffer.clear();
  list.clear();
  serviceAnswers();
  settings.clearProblem();
  historyWindow.close();
  eventHistory.clear();
  Object.assign(state, {
    name,
    info: null,
    infoAt: -Infinity,
    series: null,
    announced: null,
    announcedState: "",
    oldest: 0,
    receivedAt: 0,
  });
  labels.reload();
  deletion.show(name);
  drawState();
  view.clear(name);
  status.setName(name);
  if (poller.paused) setPaused(false);
  select.select(name);
  poller.start();
  alerts.show();
}

function pointsReceived(response, isNew) {
  if (isNew) {
    buffer.clear();
    state.oldest = response.cursor - response.values.length;
  }
  buffer.add(response);
  state.receivedAt = Date.now();
  if (response.values.length || !state.series) draw();
  loadInfo();
}

function pollFailed(error) {
  state.unreachable = true;
  drawState();
  view.drawMode();
  if (state.series) drawReadings();
  const isSlow = error.name === "AbortError";
  const isSilent = isSlow || error.code === "unreachable";
  const message = isSilent ? `The service ${isSlow ? "takes too long to" : "does not"} answer.` : error.message;
  if (serviceProblem.dataset.message === message) return;
  serviceProblem.dataset.message = message;
  if (error.code === "not_found") {
    showProblem(serviceProblem, {
      message: `There is no stream ${state.name}: create it under “New stream”, or choose another.`,
    });
  } else {
    showProblem(serviceProblem, { message: `${message} Retrying.`, detail: error.detail });
  }
}

function serviceAnswers() {
  state.unreachable = false;
  delete serviceProblem.dataset.message;
  clearProblem(serviceProblem);
}

function recovered() {
  serviceAnswers();
  state.infoAt = -Infinity; // the state of the stream may have changed
  view.drawMode();
  announce("The service answers again.");
}

/** The cursor before the first point held: the oldest are removed when the buffer is full. */
function earliestHeld() {
  if (buffer.length < buffer.capacity) return state.oldest;
  return Math.max(state.oldest, (poller.cursor ?? 0) - buffer.length);
}

/** Loads points before those held, as many as there are and the buffer can hold. */
async function loadEarlier() {
  const { name, oldest } = state;
  if (state.loadingEarlier || oldest <= 0 || buffer.length >= buffer.capacity) return;
  state.loadingEarlier = true;
  await optional(async () => {
    const after = Math.max(0, oldest - PAGE_POINTS);
    const response = await readPoints(after, oldest - after);
    if (state.name !== name || state.oldest !== oldest) return;
    const first = response.cursor - response.values.length;
    state.oldest = response.values.length && first < oldest ? first : 0;
    buffer.add(response);
    draw();
  });
  state.loadingEarlier = false;
}

/** Loads the state of the stream and its settings, which others may have changed. */
async function loadInfo() {
  if (performance.now() - state.infoAt < Math.max(INFO_INTERVAL, poller.interval)) return;
  state.infoAt = performance.now();
  const { name } = state;
  const info = await optional(() => requestJson("GET", url()));
  if (!info || state.name !== name) return;
  state.info = info;
  // Points that the stream has deleted are removed here, too.
  if (poller.cursor !== null && buffer.trim(poller.cursor - (info.cursor - info.points))) {
    state.oldest = 0;
    draw();
    view.drawMode();
  }
  settings.show(info);
  drawState();
  if (state.series) drawReadings();
  await Promise.all([optional(() => eventHistory.poll(earliestHeld())), alerts.poll()]);
}

function draw() {
  status.setWaiting(buffer.length === 0);
  if (!buffer.length) {
    view.hide();
    list.clear();
    state.series = null;
    return;
  }
  state.series = buffer.series(state.name);
  view.drawLive(state.series);
  drawEvents();
  drawReadings();
  announceNewest(state.series.events.at(-1));
}

function drawEvents() {
  if (!state.series) return;
  const { events, hasTimes } = state.series;
  list.draw(events, hasTimes);
  noEvents.hidden = events.length > 0;
}

function drawReadings() {
  const { detector: name, confidence } = buffer;
  const detector = name && (settings.detectors.find((each) => each.name === name)?.title ?? label(name));
  status.drawReadings(state.series, { detector, confidence, points: state.info?.points, now: Date.now() });
}

function drawState() {
  const { info, receivedAt, unreachable } = state;
  const shown = displayedState({ reported: info?.state, receivedAt, unreachable, paused: poller.paused });
  document.title = titleOf(state.name, shown, document.hidden);
  status.drawState(shown);
  if (unreachable || poller.paused || !shown.state || shown.state === state.announcedState) return;
  state.announcedState = shown.state;
  announce(`${state.name}: ${stateText(shown.state)[0]}.`);
}

/** Announces each event once, when it starts. */
function announceNewest(event) {
  const { announced } = state;
  if (event && announced !== null && event.from > announced) announce(`Anomaly: ${event.explanation}`);
  state.announced = Math.max(announced ?? -Infinity, event?.from ?? -Infinity);
}

/** Shows the event that starts at `from` on the axis. */
function showEventAt(from) {
  const startsAt = (series) => series.events.find((each) => each.from === from);
  const inHistory = historyWindow.open ? startsAt(view.chart?.series) : undefined;
  const event = inHistory ?? startsAt(state.series);
  if (!event) return;
  if (historyWindow.open && !inHistory) backToLive();
  view.showEvent(event);
  labels.show(event, state.series.hasTimes);
  announce(`In view: ${event.explanation}`);
}

/** Shows the event, or the point, with the cursor `start`, wherever in the history it lies. */
async function showHistory({ start, start_time: time }) {
  const held = state.series?.events.find((event) => event.from === time);
  if (held && !historyWindow.open) {
    showEventAt(held.from);
    return;
  }
  const { name } = state;
  clearProblem(serviceProblem);
  try {
    const isLoaded = await historyWindow.load(Math.max(1, start));
    if (state.name !== name) return;
    if (!isLoaded) {
      announce("The stream has deleted these points.");
      return;
    }
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    showProblem(serviceProblem, error);
    return;
  }
  drawHistory();
  const { x, events, hasTimes } = view.chart?.series;
  const from = time ?? start - 1;
  const event = events.find((each) => each.from === from);
  view.showEvent(event ?? pointAt(x, from));
  if (event) labels.show(event, hasTimes);
  else labels.hide();
  view.focus();
  announce(view.windowText);
}

function drawHistory() {
  view.drawHistory(historyWindow.buffer.series(state.name));
}

/** Loads more of the history where the view reaches an end of it. */
function extendHistory(direction) {
  return optional(async () => {
    const isExtended = await historyWindow.extend(direction, poller.cursor ?? 0);
    if (isExtended && historyWindow.open) drawHistory();
  });
}

function backToLive() {
  historyWindow.close();
  view.backToLive(state.series);
}

/** @param {boolean} paused */
function setPaused(paused) {
  poller.set({ paused });
  view.setPaused(paused);
  if (paused) drawState();
  else state.infoAt = -Infinity;
  announce(paused ? "Paused." : "Live.");
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) state.infoAt = -Infinity;
  document.title = titleOf(state.name, {}, document.hidden); // without a state until the next response
  poller.set({ hidden: document.hidden });
});
setInterval(() => {
  if (!document.hidden && (state.unreachable || poller.paused) && state.series) drawReadings();
}, AGE_INTERVAL);

Object.assign(poller, { interval: select.interval, hidden: document.hidden });
// On a narrow screen the stream comes first.
find(document, "#detection-settings", HTMLDetailsElement).open = matchMedia("(min-width: 961px)").matches;
start();
