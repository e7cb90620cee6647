// The card in which a person teaches: marks by button, by hand in the chart or by fields, and what they say of the judgement.
import { announce, byId } from "../ui/dom.js";
import { time } from "../ui/format.js";
import { positionsOf, sensitivityOf } from "./resources.js";
import { chartNow } from "./chart_view.js";
import { clearProblem, showProblem } from "../ui/problem.js";
import { axisOf, detectorNamed, shown, state } from "./state.js";
import { saying, Teaching } from "./labels.js";
import { curveOf, knobOf } from "./sensitivity.js";

const PAUSE = 250; // ms after the last change until the scores are asked for

/** A time as a person writes it, or a position: on the axis; NaN for anything else. */
export function readPlace(text, hasTimes) {
  const trimmed = text.trim();
  if (!hasTimes) return /^\d[\d,]*$/.test(trimmed) ? Number(trimmed.replaceAll(",", "")) : NaN;
  const stamp = trimmed.replace(" ", "T");
  return Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(stamp) || stamp.length <= 10 ? stamp : `${stamp}Z`);
}

export class Marking extends Teaching {
  constructor({ changed, lead }) {
    const failed = (error) => showProblem("labels-problem", error);
    super({
      changed: () => {
        changed();
        this.score();
      },
      failed,
      lead,
    });
    this.timer = null;
    byId("interval").addEventListener("submit", (event) => {
      event.preventDefault();
      this.markFields();
    });
    byId("interval-details").addEventListener("toggle", () => this.looked());
  }

  /** The window in view is offered as the stretch to mark. */
  looked() {
    if (!byId("interval-details").open || byId("interval").contains(document.activeElement)) return;
    const chart = chartNow();
    const words = (at) => (axisOf(state.series).hasTimes ? time(Math.round(at)) : String(Math.round(at)));
    byId("interval-from").value = words(chart.from);
    byId("interval-to").value = words(chart.to);
  }

  async markFields() {
    clearProblem("labels-problem");
    const { hasTimes } = axisOf(state.series);
    const [from, to] = ["stretch-from", "stretch-to"].map((id) => readPlace(byId(id).value, hasTimes));
    if (!(from <= to)) {
      const form = hasTimes ? "like 2026-03-01 10:15" : "as whole numbers";
      showProblem("labels-problem", {
        message: `Write two ${hasTimes ? "times" : "positions"} ${form}, the earlier one first.`,
      });
      byId("interval-from").focus();
      return;
    }
    try {
      const { start, stop } = await positionsOf(
        state.series.id,
        ...[from, to + 1].map((at) => (hasTimes ? new Date(at).toISOString() : at)),
      );
      if (stop > start) this.add(start, stop, byId("interval-kind").value, byId("interval-note").value);
      else showProblem("labels-problem", { message: "There is no point between these two." });
      byId("interval-note").value = "";
    } catch (error) {
      showProblem("labels-problem", error);
    }
  }

  add(start, stop, kind, note) {
    this.say(saying(this.labels, { start, stop }, kind, note));
    announce("Marked.");
  }

  /** A stretch was drawn in the chart: positions. */
  stretch(start, stop) {
    this.add(start, stop, "anomaly", "");
    byId("labels-card").hidden = false;
  }

  /** Asks how right the judgement is by what was marked, and shows it. */
  score() {
    clearTimeout(this.timer);
    const place = byId("precision-recall");
    const found = shown();
    if (!this.labels.length || !found || !knobOf(detectorNamed(found.detector))) {
      place.hidden = true;
      return;
    }
    this.timer = setTimeout(() => this.ask(found), PAUSE);
  }

  async ask(found) {
    const knob = knobOf(detectorNamed(found.detector));
    try {
      const curve = curveOf(await sensitivityOf(found.id));
      const { drawTradeoff } = await import("./precision_recall.js");
      if (shown() === found) drawTradeoff(byId("precision-recall"), curve, found.params[knob.name], knob.name);
    } catch (error) {
      showProblem("labels-problem", error);
    }
  }
}
