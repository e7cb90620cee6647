// The card with the chart of a stream: live, paused, or at an earlier part of its history.
import { chartKeys } from "../chart/keys.js";
import { drawLegend } from "../chart/legend.js";
import { drawWindow } from "../chart/points_table.js";
import { find, onThemeChange } from "../ui/dom.js";
import { counted, duration, rangeText, time } from "../ui/format.js";
import { StreamChart } from "./stream_chart.js";
import { clock } from "./stream_status.js";

/**
 * Where the view is, for `modeText`.
 * @typedef {object} Mode
 * @property {boolean} unreachable
 * @property {boolean} paused
 * @property {number} receivedAt of the last response, ms since 1970 UTC; 0: none
 * @property {number} interval of polling, ms
 * @property {number} points that the page holds
 */

/** @param {Mode & {history: boolean, following: boolean}} mode */
export function modeText({ unreachable, paused, receivedAt, interval, points, history, following }) {
  const every = `every ${duration(interval)}`;
  const held = `This page holds the newest ${counted(points, "point")}.`;
  if (unreachable) return `Not live: no answer${receivedAt ? ` since ${clock(receivedAt)}` : ""}. Retrying. ${held}`;
  if (paused) return `Paused. Points received meanwhile appear when you resume. ${held}`;
  if (history) return `Showing history; new points load ${every}. ${held}`;
  if (!following) return `Showing earlier points; new points load ${every}. ${held}`;
  return `Live, updated ${every}. ${held}`;
}

export class StreamView {
  /** @type {StreamChart | null} made with the first point */
  chart = null;
  /** The window of the table: "live", or its ends. @type {string | null} */
  tableWindow = null;

  /**
   * @param {HTMLElement} root
   * @param {object} options
   * @param {() => Mode} options.mode
   * @param {() => number} options.pointsShown while it follows the newest points
   * @param {(paused: boolean) => void} options.onPause
   * @param {() => void} options.onBackToLive
   * @param {(event: AnomalyEvent) => void} options.onEvent
   * @param {(direction: -1 | 1) => void} options.onEdge the view reached an end of the points shown
   */
  constructor(root, { mode, pointsShown, onPause, onBackToLive, onEvent, onEdge }) {
    this.root = root;
    this.mode = mode;
    this.pointsShown = pointsShown;
    this.onPause = onPause;
    this.onEdge = onEdge;
    this.canvas = find(root, "#canvas", HTMLCanvasElement);
    this.plot = find(root, "#plot");
    this.legend = find(root, "#legend");
    this.windowLine = find(root, "#window");
    this.modeLine = find(root, "#mode");
    this.pauseButton = find(root, "#pause");
    this.followButton = find(root, "#follow", HTMLButtonElement);
    this.details = find(root, "#points-details", HTMLDetailsElement);
    this.points = find(root, "#points");
    this.pointsHint = find(root, "#points-hint");
    this.details.addEventListener("toggle", () => {
      this.tableWindow = null;
      this.chart?.scheduleDraw();
    });
    this.pauseButton.addEventListener("click", () => this.togglePause());
    this.followButton.addEventListener("click", () => {
      onBackToLive();
      this.plot.focus(); // the button is disabled now
    });
    this.plot.addEventListener("keydown", (event) => {
      if (event.key === "End" && this.chart?.showsHistory) onBackToLive();
      else if (event.key === " ") this.togglePause();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    onThemeChange(() => this.chart?.paint());
    chartKeys(root, () => this.chart, onEvent);
  }

  togglePause() {
    this.onPause(!this.mode().paused);
  }

  /** @param {boolean} paused */
  setPaused(paused) {
    this.pauseButton.textContent = paused ? "Resume" : "Pause";
    this.chart?.scheduleDraw();
    this.drawMode();
  }

  /** Another stream is shown. @param {string} name */
  clear(name) {
    this.chart?.clear();
    this.tableWindow = null;
    this.canvas.setAttribute("aria-label", `Line chart of the stream ${name}, as it grows`);
  }

  hide() {
    this.root.hidden = true;
  }

  /** Draws the newest points. @param {any} series */
  drawLive(series) {
    this.root.hidden = false;
    if (!this.chart) {
      this.chart = new StreamChart(this.canvas, (from, to, window) => this.windowChanged(from, to, window));
      this.chart.pointsShown = this.pointsShown();
      drawLegend(this.legend, series);
    }
    if (!this.chart.showsHistory) this.chart.show(series);
  }

  /** Draws an earlier part of the history. @param {any} series */
  drawHistory(series) {
    if (!this.chart) return;
    this.chart.showsHistory = true;
    this.chart.following = false;
    this.chart.show(series);
  }

  /** Returns to the newest points. @param {any} series */
  backToLive(series) {
    if (!this.chart) return;
    this.chart.showsHistory = false;
    if (!series) return;
    this.chart.show(series);
    this.chart.follow();
  }

  /** @param {number} points */
  setPointsShown(points) {
    if (!this.chart) return;
    this.chart.pointsShown = points;
    if (!this.chart.showsHistory && this.chart.series) this.chart.follow();
  }

  /** @param {Interval & Partial<AnomalyEvent>} event */
  showEvent(event) {
    this.chart?.showEvent(event);
    this.root.scrollIntoView({ block: "nearest" });
  }

  focus() {
    this.plot.focus({ preventScroll: true });
  }

  get windowText() {
    return this.windowLine.textContent ?? "";
  }

  windowChanged(from, to, window) {
    const chart = /** @type {StreamChart} */ (this.chart);
    this.windowLine.textContent = `In view: ${rangeText(from, to, chart.series.hasTimes)}`;
    this.followButton.disabled = chart.following;
    if (from <= chart.full[0]) this.onEdge(-1);
    else if (chart.showsHistory && to >= chart.full[1]) this.onEdge(1);
    this.drawMode();
    if (this.details.open) this.drawTable(from, to, window);
  }

  /** The table stands still while the chart follows new points: it could not be read otherwise. */
  drawTable(from, to, window) {
    const chart = /** @type {StreamChart} */ (this.chart);
    const isLive = chart.following && !this.mode().paused;
    const tableWindow = isLive ? "live" : `${from} ${to}`;
    if (this.tableWindow === tableWindow) return;
    this.tableWindow = tableWindow;
    const now = time(Math.round(Date.now() / 1000) * 1000);
    this.pointsHint.textContent = isLive ? `As of ${now} UTC. Pause or look back to update it with the chart.` : "";
    drawWindow(this.points, chart.series, window);
  }

  drawMode() {
    const { showsHistory = false, following = true } = this.chart ?? {};
    this.modeLine.textContent = modeText({ ...this.mode(), history: showsHistory, following });
  }
}
