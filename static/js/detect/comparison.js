// A second detector on the same column, drawn beside the first.
import { announce, find, optionsOf } from "../ui/dom.js";
import { clearProblem, showProblem } from "../ui/problem.js";
import { chartSeries } from "./chart_view.js";
import { currentDetection, detectorNamed, state } from "./state.js";

export class Comparison {
  /**
   * @param {HTMLElement} root
   * @param {object} options
   * @param {(label: string, column: string, detector: string) => Promise<Detection | undefined>} options.detect
   * @param {import("./chart_view.js").ChartView} options.chartView
   */
  constructor(root, { detect, chartView }) {
    this.detect = detect;
    this.chartView = chartView;
    this.select = find(root, "#compare", HTMLSelectElement);
    this.endButton = find(root, "#compare-end");
    this.result = find(root, "#compare-result");
    this.problem = find(root, "#compare-problem");
    find(root, "#compare-go").addEventListener("click", () => this.start());
    this.endButton.addEventListener("click", () => this.end());
  }

  async start() {
    clearProblem(this.problem);
    const first = currentDetection();
    const detector = detectorNamed(this.select.value);
    const { column, series } = state;
    if (!first || !detector) return;
    try {
      const second = await this.detect(`Detecting with ${detector.title}`, column, detector.name);
      const current = currentDetection();
      if (!second || current?.id !== first.id || series !== state.series) return;
      this.chartView.compare(chartSeries(column, second, []));
      const { drawDifferences, differenceText } = await import("./differences.js");
      const names = [`by ${detectorNamed(first.detector)?.title}`, `by ${detector.title}`];
      const onSelect = (event) => this.chartView.chart?.showEvent(event);
      drawDifferences(this.result, current.events, second.events, names, onSelect);
      this.endButton.hidden = false;
      announce(differenceText(current.events, second.events, names));
    } catch (error) {
      showProblem(this.problem, error);
    }
  }

  /** Removes the second detector, and offers those that are not in use. */
  end() {
    this.chartView.compare(null);
    this.endButton.hidden = true;
    this.result.hidden = true;
    const current = currentDetection()?.detector;
    const others = state.detectors.filter(({ name }) => name !== current);
    this.select.replaceChildren(...optionsOf(others.map(({ name, title }) => ({ value: name, text: title }))));
  }
}
