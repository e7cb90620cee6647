// The card with labels: by button, in the chart or by form; retraining without them; precision and recall by them.
import { announce, element, find } from "../ui/dom.js";
import { count, counted } from "../ui/format.js";
import { clearProblem, showProblem } from "../ui/problem.js";
import { LabelForm } from "./label_form.js";
import { LabelList } from "./label_list.js";
import { labelOf, LabelStore, sameInterval, withLabel } from "./labels.js";
import { getPositions, getSensitivity } from "./resources.js";
import { curveOf, thresholdParam } from "./sensitivity.js";
import { axisOf, currentDetection, currentSeries, detectorNamed, state } from "./state.js";

const SCORE_DELAY = 250; // milliseconds after the last change

export class LabelsCard {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer = undefined;

  /**
   * @param {HTMLElement} root
   * @param {object} options
   * @param {() => void} options.onChange the labels changed
   * @param {(label: Label) => void} options.onSelect
   * @param {() => void} options.onRetrain
   * @param {() => [number, number] | null} options.windowInView
   */
  constructor(root, { onChange, onSelect, onRetrain, windowInView }) {
    this.root = root;
    this.onChange = onChange;
    this.count = find(root, "#labels-count");
    this.undoButton = find(root, "#undo", HTMLButtonElement);
    this.retrainButton = find(root, "#retrain", HTMLButtonElement);
    this.retrainResult = find(root, "#retrain-result");
    this.precisionRecall = find(root, "#precision-recall");
    this.problem = find(root, "#labels-problem");
    this.store = new LabelStore({
      onChange: (added) => this.changed(added),
      onStep: () => this.draw(),
      onError: (error) => showProblem(this.problem, error),
    });
    this.list = new LabelList(root, {
      onSelect,
      onNote: (label, note) => this.store.set(withLabel(this.labels, label, label.kind, note)),
      onRemove: (label) => this.store.set(withLabel(this.labels, label, null)),
    });
    this.form = new LabelForm(find(root, "#interval-details", HTMLDetailsElement), {
      hasTimes: () => axisOf(currentSeries()).hasTimes,
      windowInView,
      onSubmit: (...fields) => this.addRange(...fields),
      onInvalid: (message) => showProblem(this.problem, { message }),
    });
    this.undoButton.addEventListener("click", () => this.store.undo());
    this.retrainButton.addEventListener("click", onRetrain);
  }

  get labels() {
    return this.store.labels;
  }

  /** Another series is shown. @param {SeriesInfo} series @param {Label[]} labels */
  load(series, labels) {
    this.store.load(series, labels);
    this.list.reset();
    this.draw();
  }

  changed(added) {
    this.draw(added);
    this.onChange();
    this.score();
  }

  draw(added = undefined) {
    const { labels, lastStep } = this.store;
    const anomalies = labels.filter(({ kind }) => kind === "anomaly").length;
    this.undoButton.disabled = !lastStep;
    this.undoButton.textContent = lastStep ? `Undo ${lastStep.restore ? "retraining" : "the last label"}` : "Undo";
    this.count.textContent = labels.length
      ? `${counted(labels.length, "label")}: ${counted(anomalies, "anomaly", "anomalies")}, ${count(labels.length - anomalies)} normal.`
      : "No labels yet. Label an event in the table as an anomaly (✓) or a false alarm (✗), or label an interval.";
    this.list.draw(labels, added);
    this.retrainButton.disabled = !anomalies;
  }

  show() {
    this.root.hidden = false;
  }

  hide() {
    this.root.hidden = true;
    this.hideRetrainResult();
  }

  /** Labels from..to of the axis. */
  async addRange(from, to, kind, note) {
    clearProblem(this.problem);
    const series = currentSeries();
    const { hasTimes } = axisOf(series);
    const value = (at) => (hasTimes ? new Date(at).toISOString() : String(at));
    try {
      const { start, stop } = await getPositions(series.id, value(from), value(to + 1)); // `to` is exclusive there
      if (stop > start) this.add({ start, stop }, kind, note);
      else showProblem(this.problem, { message: "There is no point between these two." });
    } catch (error) {
      showProblem(this.problem, error);
    }
  }

  /** @param {Interval} interval @param {Label["kind"]} kind */
  add(interval, kind, note = "") {
    this.store.set(withLabel(this.labels, interval, kind, note));
    announce("Labelled.");
  }

  /** An interval of positions was drawn in the chart. */
  addAnomaly(start, stop) {
    this.add({ start, stop }, "anomaly");
    this.show();
  }

  /** The two buttons that label an event: an anomaly, or a false alarm. @param {AnomalyEvent} event */
  eventButtons(event) {
    const current = labelOf(this.labels, event);
    const button = (kind, sign, text) => {
      const pressed = current?.kind === kind;
      const onclick = (click) => {
        click.stopPropagation(); // the row itself leads to the chart
        const interval = pressed && !sameInterval(current, event) ? current : event;
        this.store.set(withLabel(this.labels, interval, pressed ? null : kind, current?.note));
      };
      const properties = { "aria-pressed": String(pressed), title: text, "aria-label": text, onclick };
      return element("button", { type: "button", class: `label-button label-${kind}`, ...properties }, sign);
    };
    return element(
      "span",
      { class: "label-buttons" },
      button("anomaly", "✓", "Anomaly: label this event as one"),
      button("normal", "✗", "False alarm: label this event as normal"),
    );
  }

  /** Requests precision and recall by the labels a moment after the last change, and shows them. */
  score() {
    clearTimeout(this.timer);
    const detection = currentDetection();
    const detector = detection && detectorNamed(detection.detector);
    const param = detector && thresholdParam(detector);
    if (!this.labels.length || !param) {
      this.precisionRecall.hidden = true;
      return;
    }
    this.timer = setTimeout(() => this.drawPrecisionRecall(detection, param.name), SCORE_DELAY);
  }

  async drawPrecisionRecall(detection, name) {
    try {
      const curve = curveOf(await getSensitivity(detection.id));
      const { drawPrecisionRecall } = await import("./precision_recall.js");
      if (currentDetection() === detection) {
        drawPrecisionRecall(this.precisionRecall, curve, detection.params[name], name);
      }
    } catch (error) {
      showProblem(this.problem, error);
    }
  }

  hideRetrainResult() {
    this.retrainResult.hidden = true;
  }

  /**
   * Shows what retraining changed; `restore` brings the detection before back.
   * @param {Detection} before
   * @param {Detection} after
   * @param {{onSelect: (event: AnomalyEvent) => void, restore: () => void}} actions
   */
  async showRetrained(before, after, { onSelect, restore }) {
    const { drawDifferences, differenceText } = await import("./differences.js");
    const step = this.store.addRestoreStep(restore, state.column);
    const names = ["before", "now"];
    drawDifferences(this.retrainResult, before.events, after.events, names, onSelect);
    this.retrainResult.append(
      element(
        "button",
        { type: "button", class: "button small", onclick: () => this.store.restore(step) },
        "Restore the previous result",
      ),
    );
    this.retrainResult.scrollIntoView({ block: "nearest" });
    announce(differenceText(before.events, after.events, names));
  }
}
