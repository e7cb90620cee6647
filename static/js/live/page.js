// The live page: choose a stream, watch each point as it is judged, look back, change how it is judged.
import { ask } from "../ui/api.js";
import { announce, byId } from "../ui/dom.js";
import { count, counted, duration, time } from "../ui/format.js";
import { chartKeys } from "../chart/keys.js";
import { drawLegend } from "../chart/legend.js";
import { LiveChart } from "./stream_chart.js";
import { withEvents } from "./stream_events.js";
import { Feed } from "./create_stream.js";
import { Forget } from "./delete_stream.js";
import { History } from "./point_buffer.js";
import { Labels } from "./event_labels.js";
import { EventList } from "./event_list.js";
import { EventLog } from "./event_history.js";
import { clock, drawReadings, drawState, standing, stateWords, titleOf } from "./status.js";
import { Past, placeOf } from "./history_view.js";
import { LIMIT, Poller } from "./poller.js";
import { DEMO, listStreams, StreamSelect } from "./stream_select.js";
import { StreamSettings } from "./settings.js";
import { Watch } from "./alerts.js";
import { drawWindow } from "../chart/points_table.js";
import { clearProblem, showProblem } from "../ui/problem.js";

const INFO_EVERY = 1000; // milliseconds: the state is asked for no more often
const AGE_EVERY = 1000; // milliseconds: how old the newest point is, while nothing comes
const START_AGAIN = 2000; // milliseconds, while the service is away at first

const state = {
  name: DEMO,
  info: null,
  asked: -Infinity,
  series: null,
  told: null,
  oldest: 0,
  looking: false,
  table: null,
  seen: 0,
  away: false,
  said: "",
};
const history = new History();
const labels = new Labels(urlOf, () => state.series && list.draw(state.series));
const list = new EventList(byId("events"), showEvent, (series, event) => labels.of(series, event));
const settings = new StreamSettings(urlOf, (info) => {
  state.info = info;
});
const past = new Past(read);
const log = new EventLog(urlOf, toPast);
const watching = new Watch(urlOf, () => state.name, toPast);
const forget = new Forget(
  urlOf,
  () => state.info?.points,
  async () => {
    watch(DEMO);
    await select.reload();
  },
);
const select = new StreamSelect(byId("settings"), {
  onSelect: watch,
  onInterval(interval) {
    poller.set({ interval });
    tellMode();
  },
  onPoints(points) {
    if (!chart) return;
    chart.wanted = points;
    if (past.open) backToNow();
    else if (state.series) chart.follow();
  },
});
let chart = null;
let startAgain = 0;

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
    state.away = true;
    showState();
    tellMode();
    if (state.series) showReadings();
    const slow = error.name === "AbortError";
    const message =
      slow || error.code === "unreachable"
        ? `The service ${slow ? "takes too long to" : "does not"} answer.`
        : error.message;
    const told =
      error.code === "not_found"
        ? `There is no stream ${state.name}; make it under “New stream, history”, or choose another.`
        : `${message} Trying again until it works.`;
    if (byId("service-problem").dataset.message === message) return;
    byId("service-problem").dataset.message = message;
    showProblem("service-problem", { message: told, detail: error.code === "not_found" ? {} : error.detail });
  },
  onWell() {
    well();
    state.asked = -Infinity; // what the stream is by now is asked at once
    tellMode();
    announce("The service answers again.");
  },
});

function well() {
  state.away = false;
  delete byId("service-problem").dataset.message;
  clearProblem("service-problem");
}

function take(answer, fresh) {
  if (fresh) {
    history.clear();
    state.oldest = answer.cursor - answer.values.length;
  }
  history.add(answer);
  state.seen = Date.now();
  if (answer.values.length || !state.series) show();
  askInfo();
}

/** The cursor before the first point held; older ones fall out once the page holds all it can. */
function earliest() {
  return history.length < history.capacity ? state.oldest : Math.max(state.oldest, poller.cursor - history.length);
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
  // What the stream has forgotten is not looked back at either.
  if (poller.cursor !== null && history.keep(poller.cursor - (info.cursor - info.points))) {
    state.oldest = 0;
    show();
    tellMode();
  }
  settings.show(info);
  showState();
  if (state.series) showReadings();
  await Promise.all([
    look(() => log.look(earliest() && earliest() + (state.info.params.merge_gap ?? 0) + 1)),
    watching.look(),
  ]);
}

/** What the page can do without: that the service is away is told where the points are asked for. */
async function look(ask) {
  try {
    await ask();
  } catch (error) {
    if (error.status === undefined) throw error;
  }
}

/** Leads to an event by its cursor `start`, wherever in the history it lies. */
async function toPast({ start, start_time: from }) {
  const held = state.series?.events.find((event) => event.from === from);
  if (held && !past.open) {
    showEvent(held);
    return;
  }
  const { name } = state;
  clearProblem("service-problem");
  try {
    const found = await past.around(Math.max(1, start));
    if (state.name !== name) return;
    if (!found) {
      announce("The stream has forgotten these points.");
      return;
    }
  } catch (error) {
    if (error.status === undefined) throw error;
    showProblem("service-problem", error);
    return;
  }
  Object.assign(chart, { away: true, following: false });
  showPast();
  const { x, events } = chart.series;
  const at = from ?? start - 1;
  const event = events.find((each) => each.from === at);
  chart.toEvent(event ?? placeOf(x, at));
  if (event) labels.show(chart.series, event);
  else labels.hide();
  byId("chart-card").scrollIntoView({ block: "nearest" });
  byId("plot").focus({ preventScroll: true });
  announce(`In view: ${byId("window").textContent}`);
}

function showPast() {
  chart.show(past.series(state.name, state.info?.params.merge_gap));
}

/** Reads on where a person looks to the end of the stretch of the past that is there. */
async function readOn(direction) {
  await look(async () => {
    if ((await past.more(direction, poller.cursor)) && past.open) showPast();
  });
}

function backToNow() {
  past.close();
  chart.away = false;
  if (!state.series) return;
  chart.show(state.series);
  chart.follow();
}

function showState() {
  const now = standing({ told: state.info?.state, seen: state.seen, away: state.away, paused: poller.paused });
  document.title = titleOf(state.name, now, document.hidden);
  drawState(byId("state"), now);
  if (state.away || poller.paused || !now.state || now.state === state.said) return; // those two are told where they begin
  state.said = now.state;
  announce(`${state.name}: ${stateWords(now.state)[0]}.`);
}

function showReadings() {
  drawReadings(byId("readings"), state.series, {
    judge: history.judge,
    confidence: history.confidence,
    info: state.info,
    detectors: settings.detectors,
    now: Date.now(),
  });
}

function show() {
  byId("waiting").hidden = history.length > 0;
  byId("chart-card").hidden = history.length === 0;
  if (!history.length) {
    byId("readings").replaceChildren();
    list.clear();
    state.series = null;
    return;
  }
  state.series = withEvents(history.series(state.name), state.info?.params.merge_gap, earliest() > 0);
  if (!chart) {
    chart = new LiveChart(byId("canvas"), windowChanged);
    chart.wanted = select.points;
    drawLegend(byId("legend"), state.series);
  }
  if (!past.open) chart.show(state.series);
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
  const { series } = chart;
  const words = series.hasTimes
    ? `${time(Math.round(from))} to ${time(Math.round(to))} UTC, ${duration(to - from)}`
    : `Points ${count(Math.ceil(from))} to ${count(Math.floor(to))}`;
  byId("window").textContent = `In view: ${words}`;
  byId("follow").disabled = chart.following;
  if (past.open) {
    if (from <= chart.full[0]) readOn(-1);
    else if (to >= chart.full[1]) readOn(1);
  } else if (from <= chart.full[0]) readEarlier();
  tellMode();
  if (byId("points-details").open) drawTable(from, to, window);
}

/** A table that changed with every point could not be read: it stands still while the chart goes along. */
function drawTable(from, to, window) {
  const live = chart.following && !poller.paused;
  const shown = live ? "live" : `${from} ${to}`;
  if (state.table === shown) return;
  state.table = shown;
  byId("points-hint").textContent = live
    ? `As of ${time(Math.round(Date.now() / 1000) * 1000)} UTC. Pause or look back, and it follows the chart.`
    : "";
  drawWindow(byId("points"), chart.series, window);
}

function tellMode() {
  const every = `a look every ${duration(poller.interval)}`;
  const held = counted(history.length, "point");
  const words = state.away
    ? `Not live: no answer${state.seen ? ` since ${clock(state.seen)}` : ""}; asked again and again.`
    : poller.paused
      ? "Paused: nothing is asked for. On resume, what came meanwhile is shown."
      : past.open
        ? `Looking at the past; new points are read on, ${every}.`
        : chart?.following === false
          ? `Looking back; new points are read on, ${every}.`
          : `Live, ${every}.`;
  byId("mode").textContent = `${words} This page holds the newest ${held}.`;
}

function showEvent(chosen) {
  const from = chosen.from ?? chosen;
  const within = (series) => series.events.find((each) => each.from === from);
  const here = past.open ? within(chart.series) : undefined;
  const event = here ?? within(state.series);
  if (!event) return;
  if (past.open && !here) backToNow();
  chart.toEvent(event);
  labels.show(chart.series, event);
  byId("chart-card").scrollIntoView({ block: "nearest" });
  announce(`In view: ${event.explanation}`);
}

function pause(paused) {
  poller.set({ paused });
  byId("pause").textContent = paused ? "Resume" : "Pause";
  chart?.later();
  tellMode();
  if (paused) showState();
  else state.asked = -Infinity;
  announce(paused ? "Paused." : "Live.");
}

function watch(name) {
  poller.stop();
  history.clear();
  list.clear();
  well();
  clearProblem("settings-problem");
  chart?.renew();
  past.close();
  log.clear();
  labels.renew();
  forget.show(name);
  Object.assign(state, {
    name,
    info: null,
    asked: -Infinity,
    series: null,
    told: null,
    oldest: 0,
    table: null,
    seen: 0,
    said: "",
  });
  showState();
  byId("canvas").setAttribute("aria-label", `Line chart of the stream ${name}, as it grows`);
  byId("stream-name").textContent = name;
  if (poller.paused) pause(false);
  select.select(name);
  poller.start();
  watching.show();
}

async function start() {
  clearTimeout(startAgain);
  try {
    const [{ detectors }, known, { policy_params: params }] = await Promise.all([
      ask("GET", "/api/v1/detectors"),
      listStreams(),
      ask("GET", "/api/v1/alerts?limit=1"),
    ]);
    settings.offer(detectors);
    watching.params = params.filter(({ type }) => type === "integer" || type === "number");
    select.draw(known);
  } catch (error) {
    if (error.status === undefined) throw error;
    showProblem(
      "service-problem",
      { message: `${error.message} Trying again until it works.`, detail: error.detail },
      { retry: start },
    );
    startAgain = setTimeout(start, START_AGAIN);
    return;
  }
  well();
  watch(select.name);
}

byId("points-details").addEventListener("toggle", () => {
  state.table = null;
  chart.later();
});
byId("pause").addEventListener("click", () => pause(!poller.paused));
byId("follow").addEventListener("click", () => {
  backToNow();
  byId("plot").focus(); // the button is of no use now
});
byId("plot").addEventListener("keydown", (event) => {
  if (event.key === "End" && past.open) backToNow();
  else if (event.key === " ") pause(!poller.paused);
  else return;
  event.preventDefault();
  event.stopPropagation();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) state.asked = -Infinity; // until the answer the title names no state
  document.title = titleOf(state.name, {}, document.hidden);
  poller.set({ hidden: document.hidden });
});
setInterval(() => !document.hidden && (state.away || poller.paused) && state.series && showReadings(), AGE_EVERY);
document.documentElement.addEventListener("themechange", () => chart?.paint());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart?.paint());
new Feed(
  () => state.name,
  async (name) => {
    await select.reload();
    watch(name);
  },
);
chartKeys(() => chart, showEvent);
Object.assign(poller, { interval: select.interval, hidden: document.hidden });
byId("detection-settings").open = matchMedia("(min-width: 961px)").matches; // on a narrow screen the stream comes first
start();
