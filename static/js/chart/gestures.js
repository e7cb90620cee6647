// Zoom, pan, label and select with a mouse, a pen, fingers or the wheel.

const CLICK_MOVE = 5; // pixels that the pointer may move during a click
const SCROLL_PAUSE = 300; // milliseconds after which the page counts as at rest
const LINE_HEIGHT = 16; // pixels, for a wheel that counts lines
const MAX_TURN = 400; // pixels of one turn of the wheel

/** The factor by which a turn of the wheel, or two fingers on a touch pad, make the window wider. */
export function turned({ deltaY, deltaMode, ctrlKey }) {
  const pixels = deltaY * (deltaMode ? LINE_HEIGHT : 1);
  const most = Math.max(-MAX_TURN, Math.min(MAX_TURN, pixels));
  return Math.exp(most * (ctrlKey ? 0.01 : 0.0015));
}

/** The window in which what two fingers first held at `from` lies under them at `to`; all in shares of the width. */
export function pinched([low, high], from, to) {
  const width = high - low;
  const [a, b] = [low + from[0] * width, low + from[1] * width];
  const wide = (b - a) / Math.max(0.02, to[1] - to[0]);
  return [a - to[0] * wide, a - to[0] * wide + wide];
}

const sorted = (numbers) => numbers.sort((a, b) => a - b);
const clamped = (share) => Math.max(0, Math.min(1, share));

export class Gestures {
  /** @type {Map<number, number>} shares of the window's width, by pointer */
  pointers = new Map();
  /** @type {{window: [number, number], shares: number[]}} */
  start = { window: [0, 0], shares: [] };
  /** @type {"draw" | "pan" | "pinch" | null} */
  mode = null;
  /** Whether the pointer moved further than a click. */
  moved = false;
  scrolledAt = -Infinity;

  /**
   * Moves and zooms `chart` by pointers over its canvas.
   * @param {HTMLCanvasElement} canvas
   * @param {import("./series_chart.js").SeriesChart} chart
   */
  constructor(canvas, chart) {
    this.canvas = canvas;
    this.chart = chart;
    this.box = document.createElement("div");
    this.box.className = "selection";
    this.box.hidden = true;
    canvas.parentElement?.append(this.box);
    canvas.style.touchAction = "pan-y"; // one finger still scrolls the page up and down
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.up(event));
    canvas.addEventListener("pointercancel", (event) => this.cancel(event));
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    addEventListener(
      "scroll",
      () => {
        this.scrolledAt = performance.now();
      },
      { passive: true },
    );
    addEventListener("keydown", ({ key }) => key === "Escape" && this.stop());
  }

  /** The share of the window's width at which an event is. */
  share({ clientX }) {
    const { left, width } = this.chart.area;
    return (clientX - this.canvas.getBoundingClientRect().left - left) / width;
  }

  at(share) {
    const { from, to } = this.chart;
    return from + share * (to - from);
  }

  down(event) {
    if (!this.chart.area || event.button > 1) return;
    if (event.button === 1) event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.share(event));
    const { from, to } = this.chart;
    this.start = { window: [from, to], shares: sorted([...this.pointers.values()]) };
    this.hide();
    if (this.pointers.size > 1) this.mode = "pinch";
    else if (event.shiftKey || event.button === 1 || (event.pointerType === "touch" && !this.chart.marking))
      this.mode = "pan";
    else this.mode = "draw";
    this.moved = false;
  }

  move(event) {
    if (!this.pointers.has(event.pointerId) || !this.mode) return;
    this.pointers.set(event.pointerId, this.share(event));
    const {
      window: [from, to],
      shares,
    } = this.start;
    const now = sorted([...this.pointers.values()]);
    const { width } = this.chart.area;
    this.moved ||= Math.abs(now[0] - shares[0]) * width > CLICK_MOVE;
    if (this.mode === "pinch") {
      const [low, high] = pinched([from, to], shares, now);
      this.chart.view(low, high);
    } else if (!this.moved) return;
    else if (this.mode === "draw") this.draw(shares[0], now[0]);
    else this.chart.view(from - (now[0] - shares[0]) * (to - from), to - (now[0] - shares[0]) * (to - from));
  }

  up(event) {
    if (!this.pointers.has(event.pointerId)) return;
    const share = this.share(event);
    const { mode, moved, start } = this;
    this.pointers.delete(event.pointerId);
    if (this.pointers.size === 0) this.stop();
    else this.mode = null; // the other finger does nothing until all are lifted
    if (mode === "draw" && moved) {
      const [from, to] = sorted([this.at(clamped(start.shares[0])), this.at(clamped(share))]);
      this.chart.selectRange(from, to);
    } else if ((mode === "draw" || mode === "pan") && !moved) this.chart.selectAt(this.at(share));
  }

  cancel(event) {
    this.pointers.delete(event.pointerId);
    this.stop();
  }

  stop() {
    this.mode = null;
    this.hide();
  }

  draw(a, b) {
    const { left, width, top, height } = this.chart.area;
    const [low, high] = sorted([clamped(a), clamped(b)]);
    Object.assign(this.box.style, {
      left: `${left + low * width}px`,
      width: `${(high - low) * width}px`,
      top: `${top}px`,
      height: `${height}px`,
    });
    this.box.classList.toggle("marking", this.chart.marking);
    this.box.hidden = false;
  }

  hide() {
    this.box.hidden = true;
  }

  wheel(event) {
    if (!this.chart.area) return;
    const { deltaX, deltaY, shiftKey, ctrlKey } = event;
    const { from, to, showsAll } = this.chart;
    const sideways = shiftKey ? deltaX || deltaY : deltaX;
    if (Math.abs(sideways) > Math.abs(deltaY) || shiftKey) {
      if (showsAll) return;
      const by = (sideways / this.chart.area.width) * (to - from);
      this.chart.view(from + by, to + by);
    } else {
      // A page that is being scrolled keeps scrolling when the chart moves under the pointer.
      const scrolling = performance.now() - this.scrolledAt < SCROLL_PAUSE;
      if (!ctrlKey && (scrolling || (deltaY > 0 && showsAll))) return;
      const factor = turned(event);
      const middle = this.at(clamped(this.share(event)));
      this.chart.view(middle - (middle - from) * factor, middle + (to - middle) * factor);
    }
    event.preventDefault();
  }
}
