// The judgement: made as a job, made again as a person turns the knobs, compared with another, and shown.
import { busy } from "../ui/busy.js";
import { announce, byId, element } from "../ui/dom.js";
import { chartNow, drawable, drawChart } from "./chart_view.js";
import { follow, progressTeller } from "./job.js";
import { detectionOf, judge, judgeAgain } from "./resources.js";
import { clearProblem, showProblem } from "../ui/problem.js";
import { detectorNamed, lengthOf, shown, state } from "./state.js";
import { knobOf } from "./sensitivity.js";
import { drawJudgedHow, drawNotes, drawOtherColumns, drawVerdict } from "./result.js";

const CARDS = ["verdict-card", "tune-card", "events-card", "teach-card", "take-card"];

const cheap = (detector) => ["merge_gap", knobOf(detector)?.name];

/** Judges a column of the kept series and waits for it; undefined when it was cancelled. */
export function judged(label, column, detector, params) {
  return busy(label, async ({ signal, stage }) => {
    const job = await judge(state.series.id, { column, detector, params }, { signal });
    return follow(job, { signal, onProgress: progressTeller(stage) });
  });
}

/** A judgement that is kept, waited for where it still goes on. */
export function keptJudgement(id) {
  return busy("Opening the results", async ({ signal, stage }) =>
    follow(await detectionOf(id, { signal }), { signal, onProgress: progressTeller(stage) }),
  );
}

/** What of `params` is others than in the judgement shown, where that needs no fit; null where it does or nothing is. */
export function cheapChanges(found, detector, params) {
  if (!found || found.detector !== detector.name) return null;
  const names = Object.keys(params).filter((name) => params[name] !== found.params[name]);
  return names.length && names.every((name) => cheap(detector).includes(name))
    ? Object.fromEntries(names.map((name) => [name, params[name]]))
    : null;
}

/** The page's parts around a judgement. `labels()`, `drawEvents(found)`, `drawSmalls()`, `changed()` are the page's. */
export class Judging {
  constructor({ form, tuning, teaching, drawEvents, drawSmalls, changed }) {
    Object.assign(this, { form, tuning, teaching, drawEvents, drawSmalls, changed });
  }

  hide() {
    for (const id of CARDS) byId(id).hidden = true;
    this.endComparison();
    byId("retrain-result").hidden = true;
  }

  /** Detects as the form says. */
  async detect() {
    clearProblem("detect-problem");
    if (!state.series) {
      showProblem("detect-problem", { message: "There is no data yet: upload a CSV file or load demo data first." });
      return;
    }
    if (!this.form.check()) return;
    const detector = detectorNamed(byId("detector").value);
    const { values: params } = this.form;
    const { column } = state;
    try {
      const changes = cheapChanges(shown(), detector, params);
      const found = changes
        ? await judgeAgain(shown().id, { params: changes })
        : await judged("Detecting anomalies", column, detector.name, params);
      if (!found) return;
      if (!changes) this.teaching.forget(column);
      this.arrived(found, column);
    } catch (error) {
      if (!this.form.take(error))
        showProblem("detect-problem", error, { retry: error.code === "unreachable" ? () => this.detect() : undefined });
    }
  }

  /** A new judgement of a column is there. */
  arrived(found, column) {
    state.found.set(column, found);
    this.drawSmalls();
    if (column !== state.column) return;
    this.endComparison();
    byId("retrain-result").hidden = true;
    this.show();
    toVerdict();
    announce(byId("result").textContent);
  }

  /** Shows the judgement of the column looked at, in place of what was there. */
  show({ keep = true } = {}) {
    const found = shown();
    const { series, column } = state;
    drawChart(this.teaching.labels, { keep });
    const answer = {
      ...found,
      column,
      columns: series.columns.filter((name) => name === column || !state.found.has(name)),
    };
    drawVerdict(byId("result"), answer);
    drawNotes(byId("notes"), answer);
    drawOtherColumns(byId("other-columns"), answer, (name) => this.judgeColumn(name));
    drawJudgedHow(byId("threshold-hint"), answer);
    for (const id of CARDS) byId(id).hidden = false;
    this.tuning.show(found, detectorNamed(found.detector), { length: lengthOf(series), points: series.points });
    this.drawEvents(found);
    byId("stale").hidden = true;
    this.changed();
  }

  /** Other knobs of the judgement shown. */
  async again(changes) {
    clearProblem("sensitivity-problem");
    const [before, { column }] = [shown(), state];
    try {
      const found = await judgeAgain(before.id, changes);
      if (shown() !== before) return;
      state.found.set(column, found);
      this.form.fill(found.params);
      this.show();
      this.drawSmalls();
    } catch (error) {
      this.tuning.draw();
      showProblem("sensitivity-problem", error);
    }
  }

  async judgeColumn(name) {
    this.choose(name);
    if (!shown()) await this.detect();
  }

  /** Looks at another column. */
  choose(name) {
    state.column = name;
    byId("column").value = name;
    this.endComparison();
    if (shown()) this.show({ keep: false });
    else {
      this.hide();
      drawChart(this.teaching.labels);
      this.changed();
    }
    this.drawSmalls();
  }

  /** Judges every column that was not, one after another, until it is cancelled. */
  async judgeAll() {
    clearProblem("columns-problem");
    if (!this.form.check()) return;
    const { series } = state;
    const detector = byId("detector").value;
    const left = series.columns.filter((name) => !state.found.has(name));
    for (const [k, column] of left.entries()) {
      state.judging = column;
      this.drawSmalls();
      try {
        const found = await judged(
          `Judging “${column}”, ${k + 1} of ${left.length}`,
          column,
          detector,
          this.form.values,
        );
        state.judging = null;
        if (!found || series !== state.series) break;
        state.found.set(column, found);
        if (column === state.column) this.show();
      } catch (error) {
        state.judging = null;
        showProblem("columns-problem", error);
        break;
      }
    }
    this.drawSmalls();
  }

  offerComparison() {
    const found = shown();
    byId("compare").replaceChildren(
      ...state.detectors
        .filter(({ name }) => name !== found?.detector)
        .map(({ name, title }) => element("option", { value: name }, title)),
    );
  }

  /** Another detector judges the same column, and both are drawn. */
  async compare() {
    clearProblem("compare-problem");
    const [found, { column, series }] = [shown(), state];
    const { name, title } = detectorNamed(byId("compare").value);
    try {
      const other = await judged(`Detecting with ${title}`, column, name, {});
      if (!other || shown()?.id !== found.id || series !== state.series) return;
      chartNow().compare(drawable(column, other, []));
      const { drawDifferences, differenceWords } = await import("./differences.js");
      const names = [`by ${detectorNamed(found.detector).title}`, `by ${title}`];
      drawDifferences(byId("compare-result"), shown().events, other.events, names, (event) => chartNow().toEvent(event));
      byId("compare-end").hidden = false;
      announce(differenceWords(shown().events, other.events, names));
    } catch (error) {
      showProblem("compare-problem", error);
    }
  }

  endComparison() {
    chartNow()?.compare(null);
    byId("compare-end").hidden = true;
    byId("compare-result").hidden = true;
    this.offerComparison();
  }

  /** Brings a judgement back that another took the place of. */
  back(found, column) {
    if (state.column !== column) this.choose(column);
    this.arrived(found, column);
  }

  /** Learns again, without what was marked, and shows what that changed. Undo brings the judgement before back. */
  async learnAgain() {
    clearProblem("labels-problem");
    const [before, { column }] = [shown(), state];
    try {
      let found = await judged("Learning again without the marked stretches", column, before.detector, before.params);
      if (found) found = await judgeAgain(found.id, { event_filter: before.event_filter }); // what counts stays as it was
      if (!found || shown()?.id !== before.id) return;
      const { drawDifferences, differenceWords } = await import("./differences.js");
      this.arrived(found, column);
      const step = this.teaching.did(() => this.back(before, column), column);
      const names = ["before", "now"];
      drawDifferences(byId("retrain-result"), before.events, found.events, names, (event) => chartNow().toEvent(event));
      byId("retrain-result").append(
        element(
          "button",
          { type: "button", class: "button small", onclick: () => this.teaching.takeBack(step) },
          "Go back to the one before",
        ),
      );
      byId("retrain-result").scrollIntoView({ block: "nearest" });
      announce(differenceWords(before.events, found.events, names));
    } catch (error) {
      showProblem("labels-problem", error);
    }
  }
}

/** The verdict and as much of the chart as there is room for come into view, and the chart's keys work. */
function toVerdict() {
  const card = byId("result-card");
  // Whoever pressed Enter in a field stays there, to change it again.
  if (!document.activeElement.matches("input, select")) byId("plot").focus({ preventScroll: true });
  const { top } = card.getBoundingClientRect();
  const { bottom } = byId("plot").getBoundingClientRect();
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
  if (top < 0 || bottom > innerHeight) card.scrollIntoView({ behavior });
}
