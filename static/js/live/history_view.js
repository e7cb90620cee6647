// A stretch of a stream's past, far before the points that the page holds: read around a cursor, on at both its ends.
import { withEvents } from "./stream_events.js";
import { History } from "./point_buffer.js";
import { LIMIT } from "./poller.js";

const AROUND = 1000; // points read before what is looked for, and as many after it

/** The point at or before `at`, as an event that the chart can lead to. */
export function placeOf(x, at) {
  const stop = x.findLastIndex((each) => each <= at) + 1;
  return { start: Math.max(0, stop - 1), stop: Math.max(1, stop) };
}

export class Past {
  /** `read(cursor, limit)` asks for the points after a cursor. */
  constructor(read) {
    this.read = read;
    this.history = new History(20000);
    this.close();
  }

  close() {
    Object.assign(this, { open: false, looking: false, first: 0, last: 0 });
    this.history.clear();
  }

  /** Reads what lies around the point with this cursor; false where the stream has forgotten it. */
  async around(cursor) {
    const after = Math.max(0, cursor - AROUND);
    const answer = await this.read(after, 2 * AROUND);
    const start = answer.cursor - answer.values.length;
    if (!answer.values.length || start >= cursor) return false;
    this.close();
    Object.assign(this, { open: true, first: start, last: answer.cursor });
    this.history.add(answer);
    return true;
  }

  /** Reads on to earlier (-1) or later (1); false when there is nothing, or no room, or it is being read already. */
  async more(direction, newest) {
    const earlier = direction < 0;
    const after = earlier ? Math.max(0, this.first - LIMIT) : this.last;
    const limit = earlier ? this.first - after : LIMIT;
    if (
      !this.open ||
      this.looking ||
      limit <= 0 ||
      (!earlier && this.last >= newest) ||
      this.history.length + limit > this.history.capacity
    )
      return false;
    this.looking = true;
    try {
      const answer = await this.read(after, limit);
      const start = answer.cursor - answer.values.length;
      if (!this.open || !answer.values.length) return false;
      if (earlier && start >= this.first) {
        this.first = 0; // forgotten
        return false;
      }
      if (earlier) this.first = start;
      else this.last = answer.cursor;
      this.history.add(answer);
      return true;
    } finally {
      this.looking = false;
    }
  }

  series(name, gap) {
    return withEvents(this.history.series(name), gap, this.first > 0);
  }
}
