// Data comes to the page: a file, pasted text, a demo, or what was kept before; and what was understood of it is shown.
import { ask } from "../ui/api.js";
import { busy } from "../ui/busy.js";
import { announce, byId, element } from "../ui/dom.js";
import { gapsAmong } from "../chart/gaps.js";
import { forget, labelsOf, keep, overviewOf, seriesOf } from "./resources.js";
import { clearProblem, showProblem } from "../ui/problem.js";
import { drawRecent } from "./recent_data.js";
import { fromDemo, fromFile } from "./source.js";
import { axisOf, state } from "./state.js";
import { drawUnderstood, spoken } from "./import_summary.js";

const BUCKETS = 120; // of a small chart

let opened = () => {};

/** `onOpened(labels)` is told when other data is there. */
export const onOpen = (onOpened) => {
  opened = onOpened;
};

export async function loadDemo(query) {
  await bring(`Loading demo data`, async ({ signal }) =>
    fromDemo(query, await ask("GET", `/api/v1/demo?times=ms&${new URLSearchParams(query)}`, { signal })),
  );
}

export async function loadFile(file, options) {
  await bring(`Reading ${file.name}`, async () => fromFile(file, options));
}

/** Reads a file again; where it comes to the same as the series `before`, that stays and no copy is kept. */
async function readAgain(file, options, before) {
  await bring(
    `Reading ${file.name}`,
    async () => fromFile(file, options),
    async (kept) => {
      const { sameReading } = await import("./import_corrections.js");
      if (!sameReading(kept, before)) return true;
      await forget(kept.id);
      byId("correct-status").textContent = "Read again, it is the same: nothing was changed.";
      return false;
    },
  );
}

/** Gets data from `fetchSource`, has it kept, and shows what was understood, unless `wanted(kept)` is against it. */
async function bring(label, fetchSource, wanted = () => true) {
  clearProblem("data-problem");
  let source;
  try {
    const kept = await busy(label, async ({ signal, stage }) => {
      source = await fetchSource({ signal });
      const onUpload = (fraction) =>
        stage(fraction < 1 ? `Sending ${source.name}` : label, fraction < 1 ? fraction : null);
      return keep(source, { signal, onUpload });
    });
    if (kept && (await wanted(kept))) await show(kept, source, []);
  } catch (error) {
    const again = ({ name, value }) =>
      bring(label, async () => ({ ...source, options: { ...source.options, [name]: value } }));
    const retry = error.code === "unreachable" ? () => bring(label, fetchSource) : undefined;
    showProblem("data-problem", error, { onChoice: again, retry });
  }
}

/** Opens what was kept before. Rejects with a ServiceError where it is gone. */
export async function openKept(id, source = null) {
  const answers = await busy("Opening the data", ({ signal }) => Promise.all([seriesOf(id, { signal }), labelsOf(id)]));
  if (answers) await show(answers[0], source, answers[1]);
  return Boolean(answers);
}

/** The faults planted in a demo, as stretches. */
export async function plantedIn(query) {
  const { anomalies } = await ask("GET", `/api/v1/demo?${new URLSearchParams(query)}`);
  return anomalies.map(({ start, stop }) => [start, stop]);
}

async function show(kept, source, labels) {
  const planted = source?.answer ? source.answer.anomalies.map(({ start, stop }) => [start, stop]) : [];
  if (source?.answer) source.answer = null; // its points are on the service now
  Object.assign(state, { source, series: kept, planted, found: new Map(), overview: [], column: kept.column });
  byId("welcome").hidden = true;
  byId("import-card").hidden = false;
  byId("zone").hidden = source?.kind === "demo" || kept.start === null;
  drawUnderstood(byId("facts"), byId("repairs"), kept, source);
  byId("corrections").hidden = !source?.file;
  byId("corrections").open = false;
  byId("column").replaceChildren(
    ...kept.columns.map((name) => element("option", { value: name, selected: name === state.column }, name)),
  );
  byId("column-field").hidden = kept.columns.length < 2;
  byId("detect-hint").textContent = "";
  opened(labels);
  announce(spoken(kept));
  drawRecent(reopen, kept.id);
  await Promise.all([source?.file && offerCorrections(kept, source), drawOverview()]);
}

/** The points of a small chart, with a missing value in each gap in time, where its line breaks as that of the chart does. */
export function drawn({ times, positions, values }, { extent: [first, last], step }) {
  const gaps = new Set(times ? gapsAmong(times, positions, step, (last - first) / BUCKETS) : []);
  const rows = (times ?? positions).flatMap((at, k) => [...(gaps.has(k) ? [[at, NaN]] : []), [at, values[k] ?? NaN]]);
  return { x: rows.map(([at]) => at), values: rows.map(([, value]) => value) };
}

async function offerCorrections(kept, source) {
  const { drawCorrections } = await import("./import_corrections.js");
  if (kept === state.series) await drawCorrections(kept, source, (options) => readAgain(source.file, options, kept));
}

/** What only a look at every value tells: the columns at a glance, what is missing, gaps. */
async function drawOverview() {
  const { series, source } = state;
  byId("columns-card").hidden = series.columns.length < 2;
  try {
    const { columns, gaps } = await overviewOf(series.id, BUCKETS);
    if (series !== state.series) return;
    const missing = Object.fromEntries(columns.map(({ column, missing: many }) => [column, many]));
    drawUnderstood(byId("facts"), byId("repairs"), { ...series, gaps, missing }, source);
    state.overview = columns.map((column) => ({ name: column.column, ...drawn(column, axisOf(series)) }));
    opened.smalls?.();
  } catch (error) {
    showProblem("columns-problem", error);
  }
}

export async function reopen(id) {
  clearProblem("data-problem");
  try {
    await openKept(id);
  } catch (error) {
    showProblem("data-problem", error);
  }
}
