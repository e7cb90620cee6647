// The live page: choose a stream, watch each point as it is judged, look back, change how it is judged.
import { ask } from "./api.js";
import { announce, byId, element } from "./dom.js";
import { count, counted, duration, time } from "./format.js";
import { chartKeys } from "./keys.js";
import { drawLegend } from "./legend.js";
import { LiveChart } from "./live-chart.js";
import { withEvents } from "./live-events.js";
import { History } from "./live-history.js";
import { EventList } from "./live-list.js";
import { drawReadings, drawState, stateWords } from "./live-now.js";
import { LIMIT, Poller } from "./live-poll.js";
import { StreamSettings } from "./live-settings.js";
import { drawWindow } from "./points.js";
import { clearProblem, showProblem } from "./problem.js";

const MOST_STREAMS = 1000; // in the list; any other is reached by its address
const INFO_EVERY = 1000; // milliseconds: the state is asked for no more often

const state = { name: "demo", info: null, asked: -Infinity, series: null, told: null, oldest: 0, looking: false, table: null };
const history = new History();
const list = new EventList(byId("events"), showEvent);
const settings = new StreamSettings(urlOf, (info) => { state.info = info; });
let chart = null;

function urlOf() {
  return `/api/v1/streams/${encodeURIComponent(state.name)}`;
}

/** At most `limit` points after a cursor; the newest where it is null. */
function read(cursor, limit, signal) {
  const after = cursor === null ? {} : { after: cursor };
  return ask("GET", `${urlOf()}/points?${new URLSearchParams({ times: "ms", limit, ...after })}`, { signal });
}

const poller = new Poller({
  read,
  onAnswer: take,
  onProblem(error) {
    const slow = error.name === "AbortError";
    const message = slow || error.code === "unreachable" ? `The service ${slow ? "takes too long to" : "does not"} answer.` : error.message;
    if (byId("service-problem").dataset.message === message) return;
    byId("service-problem").dataset.message = message;
    showProblem("service-problem", { message: `${message} Trying again until it works.`, detail: error.detail });
  },
  onWell() {
    well();
    announce("The service answers again.");
  },
});

function well() {
  delete byId("service-problem").dataset.message;
  clearProblem("service-problem");
}

function take(answer, fresh) {
  if (fresh) {
    history.clear();
    state.oldest = answer.cursor - answer.values.length;
  }
  history.add(answer);
  if (answer.values.length || !state.series) show();
  askInfo();
}

/** Earlier points, when a person looks to where those held begin: as many as there are and the page can hold. */
async function readEarlier() {
  const { name, oldest } = state;
  if (state.looking || oldest <= 0 || history.length >= history.capacity) return;
  state.looking = true;
  try {
    const after = Math.max(0, oldest - LIMIT);
    const answer = await read(after, oldest - after);
    if (state.name !== name || state.oldest !== oldest) return;
    const start = answer.cursor - answer.values.length;
    state.oldest = answer.values.length && start < oldest ? start : 0;
    history.add(answer);
    show();
  } catch (error) {
    if (error.status === undefined) throw error; // the next move tries again; the polling tells what is wrong
  } finally {
    state.looking = false;
  }
}

/** The state of the stream and its settings, which others may have changed. */
async function askInfo() {
  if (performance.now() - state.asked < Math.max(INFO_EVERY, poller.interval)) return;
  state.asked = performance.now();
  const { name } = state;
  let info;
  try {
    info = await ask("GET", urlOf());
  } catch (error) {
    if (error.status === undefined) throw error;
    return; // the points are asked for from the same service: it is told there
  }
  if (state.name !== name) return;
  state.info = info;
  settings.show(info);
  showState(info.state);
  if (state.series) showReadings();
}

function showState(now) {
  if (!drawState(byId("state"), now)) return;
  announce(`${state.name}: ${stateWords(now)[0]}.`);
  document.title = `${stateWords(now)[0]} · ${state.name} · Live`;
}

function showReadings() {
  drawReadings(byId("readings"), state.series, { judge: history.judge, info: state.info, detectors: settings.detectors, now: Date.now() });
}

function show() {
  byId("waiting").hidden = history.length > 0;
  byId("chart-card").hidden = history.length === 0;
  if (!history.length) {
    byId("readings").replaceChildren();
    list.clear();
    return;
  }
  state.series = withEvents(history.series(state.name), state.info?.params.gap);
  if (!chart) {
    chart = new LiveChart(byId("canvas"), windowChanged);
    chart.wanted = Number(byId("points-shown").value);
    drawLegend(byId("legend"), state.series);
  }
  chart.show(state.series);
  list.draw(state.series);
  byId("no-events").hidden = state.series.events.length > 0;
  showReadings();
  tellNewest(state.series.events.at(-1));
}

/** Says each event once, when it begins. */
function tellNewest(event) {
  const first = state.told === null;
  if (event && event.from > (state.told ?? -Infinity) && !first) announce(`Anomaly: ${event.explanation}`);
  state.told = Math.max(state.told ?? -Infinity, event?.from ?? -Infinity);
}

function windowChanged(from, to, window) {
  const { series } = state;
  const words = series.hasTimes ? `${time(Math.round(from))} to ${time(Math.round(to))} UTC, ${duration(to - from)}` : `Points ${count(Math.ceil(from))} to ${count(Math.floor(to))}`;
  byId("window").textContent = `In view: ${words}`;
  byId("follow").disabled = chart.following;
  if (from <= chart.full[0]) readEarlier();
  tellMode();
  if (byId("points-details").open) drawTable(from, to, window);
}

/** A table that changed with every point could not be read: it stands still while the chart goes along. */
function drawTable(from, to, window) {
  const live = chart.following && !poller.paused;
  const shown = live ? "live" : `${from} ${to}`;
  if (state.table === shown) return;
  state.table = shown;
  byId("points-hint").textContent = live ? `As of ${time(Math.round(Date.now() / 1000) * 1000)} UTC. Pause or look back, and it follows the chart.` : "";
  drawWindow(byId("points"), state.series, window);
}

function tellMode() {
  const every = `a look every ${duration(poller.interval)}`;
  const held = counted(history.length, "point");
  const words = poller.paused ? "Paused: nothing is asked for. On resume, what came meanwhile is shown."
    : chart?.following === false ? `Looking back; new points are read on, ${every}.` : `Live, ${every}.`;
  byId("mode").textContent = `${words} This page holds the newest ${held}.`;
}

function showEvent(chosen) {
  const from = chosen.from ?? chosen;
  const event = state.series.events.find((each) => each.from === from);
  if (!event) return;
  chart.toEvent(event);
  byId("chart-card").scrollIntoView({ block: "nearest" });
  announce(`In view: ${event.explanation}`);
}

function pause(paused) {
  poller.set({ paused });
  byId("pause").textContent = paused ? "Resume" : "Pause";
  chart?.later();
  tellMode();
  announce(paused ? "Paused." : "Live.");
}

function watch(name) {
  poller.stop();
  history.clear();
  list.clear();
  well();
  clearProblem("settings-problem");
  chart?.renew();
  Object.assign(state, { name, info: null, asked: -Infinity, series: null, told: null, oldest: 0, table: null });
  byId("canvas").setAttribute("aria-label", `Line chart of the stream ${name}, as it grows`);
  byId("stream-name").textContent = name;
  if (poller.paused) pause(false);
  keepAddress();
  poller.start();
}

function keepAddress() {
  const query = new URLSearchParams({ stream: state.name, refresh: byId("refresh").value, points: byId("points-shown").value });
  globalThis.history.replaceState(null, "", `?${query}`);
}

async function streams() {
  const names = [];
  let after;
  do {
    const page = await ask("GET", `/api/v1/streams?${new URLSearchParams({ limit: MOST_STREAMS, ...(after ? { after } : {}) })}`);
    names.push(...page.streams.map(({ name }) => name));
    after = page.next;
  } while (after && names.length < MOST_STREAMS);
  return { names: names.slice(0, MOST_STREAMS), more: Boolean(after) };
}

/** Streams may have come since: asked for when a person is about to choose. */
async function refreshList() {
  try {
    offer(await streams());
  } catch (error) {
    if (error.status === undefined) throw error; // the list stays; that the service is away is told by the polling
  }
}

function offer({ names, more }) {
  const all = [...new Set(["demo", ...(names.includes(state.name) ? [] : [state.name]), ...names])];
  const choose = byId("stream");
  if (all.join("\n") !== [...choose.options].map(({ value }) => value).join("\n")) {
    choose.replaceChildren(...all.map((name) => element("option", { value: name }, name)));
  }
  choose.value = state.name;
  choose.disabled = false;
  byId("stream-hint").textContent = more ? `The first ${count(MOST_STREAMS)} streams. Any other opens by the address of this page: ?stream=name.` : "";
}

function fromAddress() {
  const query = new URLSearchParams(location.search);
  for (const [id, name] of [["refresh", "refresh"], ["points-shown", "points"]]) {
    if ([...byId(id).options].some(({ value }) => value === query.get(name))) byId(id).value = query.get(name);
  }
  state.name = query.get("stream") || "demo";
  Object.assign(poller, { interval: Number(byId("refresh").value), hidden: document.hidden });
}

async function start() {
  clearProblem("service-problem");
  try {
    const [{ detectors }, known] = await Promise.all([ask("GET", "/api/v1/detectors"), streams()]);
    settings.offer(detectors);
    offer(known);
  } catch (error) {
    if (error.status === undefined) throw error;
    showProblem("service-problem", error, { retry: start });
    return;
  }
  watch(state.name);
}

byId("stream").addEventListener("change", ({ target }) => watch(target.value));
byId("stream").addEventListener("focus", refreshList);
byId("refresh").addEventListener("change", ({ target }) => {
  poller.set({ interval: Number(target.value) });
  tellMode();
  keepAddress();
});
byId("points-shown").addEventListener("change", ({ target }) => {
  keepAddress();
  if (!chart) return;
  chart.wanted = Number(target.value);
  if (state.series) chart.follow();
});
byId("points-details").addEventListener("toggle", () => {
  state.table = null;
  chart.later();
});
byId("pause").addEventListener("click", () => pause(!poller.paused));
byId("follow").addEventListener("click", () => {
  chart.follow();
  byId("plot").focus(); // the button is of no use now
});
byId("plot").addEventListener("keydown", (event) => {
  if (event.key !== " ") return;
  event.preventDefault();
  pause(!poller.paused);
});
document.addEventListener("visibilitychange", () => poller.set({ hidden: document.hidden }));
document.documentElement.addEventListener("themechange", () => chart?.paint());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart?.paint());
chartKeys(() => chart, showEvent);
fromAddress();
byId("judging").open = matchMedia("(min-width: 961px)").matches; // on a narrow screen the stream comes first
start();
