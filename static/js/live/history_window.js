// A part of a stream's history, older than the points that the page holds: loaded around a cursor, and further at both ends.
import { PointBuffer } from "./point_buffer.js";
import { PAGE_POINTS } from "./poller.js";

const MARGIN = 1000; // points loaded before the cursor, and as many after it

export class HistoryWindow {
  open = false;
  loading = false;
  /** The cursor before the first point. */
  first = 0;
  /** The cursor of the last point. */
  last = 0;
  buffer = new PointBuffer(20000);

  /** @param {(cursor: number, limit: number) => Promise<any>} read requests the points after a cursor */
  constructor(read) {
    this.read = read;
  }

  close() {
    this.open = false;
    this.loading = false;
    this.first = 0;
    this.last = 0;
    this.buffer.clear();
  }

  /** Loads the points around a cursor; false where the stream has deleted it. @param {number} cursor */
  async load(cursor) {
    const after = Math.max(0, cursor - MARGIN);
    const response = await this.read(after, 2 * MARGIN);
    const first = response.cursor - response.values.length;
    if (!response.values.length || first >= cursor) return false;
    this.close();
    this.open = true;
    this.first = first;
    this.last = response.cursor;
    this.buffer.add(response);
    return true;
  }

  /**
   * Loads earlier (-1) or later (1) points; false where there are none, no capacity is left, or a request is running.
   * @param {-1 | 1} direction
   * @param {number} newest the cursor of the stream's newest point
   */
  async extend(direction, newest) {
    const isEarlier = direction < 0;
    const after = isEarlier ? Math.max(0, this.first - PAGE_POINTS) : this.last;
    const limit = isEarlier ? this.first - after : PAGE_POINTS;
    const isFull = this.buffer.length + limit > this.buffer.capacity;
    if (!this.open || this.loading || limit <= 0 || (!isEarlier && this.last >= newest) || isFull) return false;
    this.loading = true;
    try {
      const response = await this.read(after, limit);
      const first = response.cursor - response.values.length;
      if (!this.open || !response.values.length) return false;
      if (isEarlier && first >= this.first) {
        this.first = 0; // earlier points were deleted
        return false;
      }
      if (isEarlier) this.first = first;
      else this.last = response.cursor;
      this.buffer.add(response);
      return true;
    } finally {
      this.loading = false;
    }
  }
}

/** The point at or before `at`, as an interval that the chart can show. @param {Float64Array} x @param {number} at */
export function pointAt(x, at) {
  const stop = x.findLastIndex((each) => each <= at) + 1;
  return { start: Math.max(0, stop - 1), stop: Math.max(1, stop) };
}
