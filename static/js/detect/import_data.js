// Loads data into the page: a file, pasted text, a demo, or stored data.
import { gapsAmong } from "../chart/gaps.js";
import { requestJson } from "../ui/api.js";
import { runBusy } from "../ui/busy.js";
import { announce } from "../ui/dom.js";
import { clearProblem, showProblem } from "../ui/problem.js";
import { spokenSummary } from "./import_summary.js";
import { createSeries, deleteSeries, getLabels, getOverview, getSeries } from "./resources.js";
import { fromDemo, fromFile } from "./source.js";
import { axisOf, currentSeries, state } from "./state.js";

const THUMBNAIL_BUCKETS = 120;

/** The points of a thumbnail, with a missing value in each gap in time, where its line breaks as in the chart. */
export function thumbnailPoints({ times, positions, values }, { extent: [first, last], step }) {
  const gaps = new Set(times ? gapsAmong(times, positions, step, (last - first) / THUMBNAIL_BUCKETS) : []);
  const points = (times ?? positions).flatMap((at, k) => [...(gaps.has(k) ? [[at, NaN]] : []), [at, values[k] ?? NaN]]);
  return { x: points.map(([at]) => at), values: points.map(([, value]) => value) };
}

/** The faults injected into a demo, as intervals. @returns {Promise<[number, number][]>} */
export async function injectedFaults(query) {
  const { anomalies } = await requestJson("GET", `/api/v1/demo?${new URLSearchParams(query)}`);
  return anomalies.map(({ start, stop }) => [start, stop]);
}

export class DataImport {
  /**
   * @param {object} options
   * @param {HTMLElement} options.problem
   * @param {HTMLElement} options.columnsProblem
   * @param {import("./import_card.js").ImportCard} options.importCard
   * @param {(labels: Label[]) => void} options.onOpen other data is shown
   * @param {() => void} options.onOverview the thumbnails of its columns are there
   */
  constructor({ problem, columnsProblem, importCard, onOpen, onOverview }) {
    this.problem = problem;
    this.columnsProblem = columnsProblem;
    this.importCard = importCard;
    this.onOpen = onOpen;
    this.onOverview = onOverview;
  }

  /** @param {Record<string, string>} query kind, points, seed */
  async loadDemo(query) {
    const url = `/api/v1/demo?${new URLSearchParams({ times: "ms", ...query })}`;
    await this.load("Loading demo data", async (signal) => fromDemo(query, await requestJson("GET", url, { signal })));
  }

  /** @param {File} file */
  async loadFile(file) {
    await this.load(`Reading ${file.name}`, async () => fromFile(file));
  }

  /** Reads the file again with other options; where the result is the same, the series stays and no copy is stored. */
  async reread(options) {
    const { source, series: before } = state;
    const file = source?.file;
    if (!file) return;
    const read = async () => fromFile(file, options);
    await this.load(`Reading ${file.name}`, read, async (series) => {
      const { sameImport } = await import("./import_corrections.js");
      if (!sameImport(series, before)) return true;
      await deleteSeries(series.id);
      this.importCard.reportUnchanged();
      return false;
    });
  }

  /**
   * Gets data from `fetchSource`, stores it on the service, and shows it if `accept(series)` agrees.
   * @param {string} label
   * @param {(signal: AbortSignal) => Promise<DataSource>} fetchSource
   * @param {(series: SeriesInfo) => Promise<boolean> | boolean} [accept]
   */
  async load(label, fetchSource, accept = () => true) {
    clearProblem(this.problem);
    /** @type {any} */
    let source;
    try {
      const series = await runBusy(label, async ({ signal, onStage }) => {
        source = await fetchSource(signal);
        const onUpload = (fraction) =>
          fraction < 1 ? onStage(`Sending ${source.name}`, fraction) : onStage(label, null);
        return createSeries(source, { signal, onUpload });
      });
      if (series && (await accept(series))) await this.show(series, source, []);
    } catch (error) {
      const withOption = async (name, value) => ({ ...source, options: { ...source.options, [name]: value } });
      showProblem(this.problem, error, {
        onChoice: ({ name, value }) => this.load(label, () => withOption(name, value)),
        retry: error.code === "unreachable" ? () => this.load(label, fetchSource, accept) : undefined,
      });
    }
  }

  /**
   * Opens stored data; false when cancelled. Rejects with a ServiceError where it does not exist any more.
   * @param {string} id
   * @param {DataSource | null} [source]
   */
  async openStored(id, source = null) {
    const responses = await runBusy("Opening the data", ({ signal }) =>
      Promise.all([getSeries(id, { signal }), getLabels(id)]),
    );
    if (responses) await this.show(responses[0], source, responses[1]);
    return Boolean(responses);
  }

  /** @param {string} id */
  async reopen(id) {
    clearProblem(this.problem);
    try {
      await this.openStored(id);
    } catch (error) {
      showProblem(this.problem, error);
    }
  }

  /**
   * @param {SeriesInfo} series
   * @param {DataSource | null} source
   * @param {Label[]} labels
   */
  async show(series, source, labels) {
    const injected = source?.answer ? source.answer.anomalies.map(({ start, stop }) => [start, stop]) : [];
    if (source?.answer) source.answer = null; // its points are stored now
    Object.assign(state, { source, series, injected, detections: new Map(), overview: [], column: series.column });
    this.importCard.show(series, source);
    this.onOpen(labels);
    announce(spokenSummary(series));
    await this.loadOverview();
  }

  /** Loads what needs a pass over all values: thumbnails, missing values, gaps. */
  async loadOverview() {
    const series = currentSeries();
    try {
      const { columns, gaps } = await getOverview(series.id, THUMBNAIL_BUCKETS);
      if (series !== state.series) return;
      const missing = Object.fromEntries(columns.map(({ column, missing: many }) => [column, many]));
      this.importCard.draw({ ...series, gaps, missing });
      const axis = axisOf(series);
      state.overview = columns.map((column) => ({ name: column.column, ...thumbnailPoints(column, axis) }));
      this.onOverview();
    } catch (error) {
      showProblem(this.columnsProblem, error);
    }
  }
}
