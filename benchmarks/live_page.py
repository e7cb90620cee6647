"""The memory of a tab that shows a stream for long: a real Chromium, polls without pauses, points made in the page.

A day is 172,800 polls of 500 ms; `python -m benchmarks.live_page 172800` does them all.
"""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import CDPSession, Page, sync_playwright

from tests.serving import serving

Floats = NDArray[np.float64]
POLLS = 4_000
ROUNDS = 16
SAMPLES = 5
"""Samples of the memory in each round, of which the smallest counts."""
POLLS_PER_DAY = 172_800
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
METRICS = ("JSHeapUsedSize", "Nodes", "JSEventListeners")
OTHER_OWNERS = {
    "code": "V8: code, compiled further the more often it ran",
    "native": "the browser: its tools and timings",
}
"""Kinds of nodes of a heap snapshot that are not the page's own."""

FAST_FEED = """(() => {
  const START = 1767571200000, STEP = 100, EACH = 50, real = globalThis.XMLHttpRequest, wait = globalThis.setTimeout;
  globalThis.polls = 0;
  let total = 2000;
  globalThis.setTimeout = (work, ms, ...rest) => wait(work, ms === 500 ? 0 : ms, ...rest);
  const points = (url) => {
    const query = new URLSearchParams(url.split("?")[1]);
    const limit = Number(query.get("limit"));
    if (query.has("after")) { total += EACH; globalThis.polls += 1; }
    const first = query.has("after") ? Number(query.get("after")) : Math.max(0, total - limit);
    const at = Array.from({ length: Math.min(limit, total - first) }, (_, k) => first + k + 1);
    const odd = at.map((k) => k % 400 < 4);
    const all = (value) => at.map(() => value);
    return { times: at.map((k) => START + k * STEP), values: at.map((k, i) => (odd[i] ? 20 : 10) + (k % 7) / 10),
      expected: all(10), lower: all(8), upper: all(12), score: odd.map((is) => (is ? 5 : 0.5)), is_anomaly: odd,
      judged_by: all("lstm"), confidence: all(0.9), cursor: first + at.length };
  };
  const info = () => ({ name: "demo", detector: "lstm", params: {}, points: total, state: "normal", last_time: null });
  globalThis.XMLHttpRequest = class extends EventTarget {
    upload = new EventTarget();
    open(method, url) { Object.assign(this, { method, url }); }
    setRequestHeader() {}
    getResponseHeader() { return "application/json"; }
    abort() { this.over = true; }
    send(body) {
      const path = this.url.split("?")[0];
      const made = path.endsWith("/points") ? points : path.endsWith("/streams/demo") ? info : null;
      const tell = (status, text) => {
        if (this.over) return;
        Object.assign(this, { status, responseText: text });
        this.dispatchEvent(new Event("load"));
      };
      if (made) { wait(() => tell(200, JSON.stringify(made(this.url)))); return; }
      const asked = new real();
      asked.open(this.method, this.url);
      asked.addEventListener("load", () => tell(asked.status, asked.responseText));
      asked.send(body);
    }
  };
})();"""


def main(arguments: Sequence[str]) -> None:
    """Prints the memory of the tab after each round, and the growth per day."""
    polls = int(arguments[0]) if arguments else POLLS
    with tempfile.TemporaryDirectory() as folder, serving(folder) as url, sync_playwright() as playwright:
        executable = next(filter(None, map(shutil.which, BROWSERS)), None)
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        page = browser.new_page()
        page.add_init_script(FAST_FEED)
        page.goto(f"{url}/live?stream=demo&refresh=500")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        began = time.monotonic()
        rounds = []
        owned = {}
        for k in range(ROUNDS):
            rounds.append(measure_after(page, session, (k + 1) * polls // ROUNDS))
            if k in (ROUNDS // 2, ROUNDS - 1):
                owned[page.evaluate("() => globalThis.polls")] = by_owner(session)
        print_rounds(np.array(rounds), time.monotonic() - began)
        print_owners(owned)
        browser.close()


def measure_after(page: Page, session: CDPSession, polls: int) -> list[float]:
    """The number of polls, and the METRICS after a garbage collection: the smallest of some samples, as polls go on."""
    page.wait_for_function("(wanted) => globalThis.polls >= wanted", arg=polls, timeout=0)
    samples = []
    for _ in range(SAMPLES):
        session.send("HeapProfiler.collectGarbage")
        metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
        samples.append([metrics[name] for name in METRICS])
    return [page.evaluate("() => globalThis.polls"), *np.min(samples, axis=0).tolist()]


def by_owner(session: CDPSession) -> dict[str, float]:
    """Bytes of the heap after a garbage collection, by owner."""
    pieces: list[str] = []

    def take(piece: dict[str, str]) -> None:
        pieces.append(piece["chunk"])

    session.on("HeapProfiler.addHeapSnapshotChunk", take)
    session.send("HeapProfiler.takeHeapSnapshot")
    session.remove_listener("HeapProfiler.addHeapSnapshotChunk", take)
    snapshot = json.loads("".join(pieces))
    meta = snapshot["snapshot"]["meta"]
    nodes = np.array(snapshot["nodes"]).reshape(-1, len(meta["node_fields"]))
    kinds, sizes = (nodes[:, meta["node_fields"].index(name)] for name in ("type", "self_size"))
    of_kind = dict(zip(meta["node_types"][0], np.bincount(kinds, sizes, len(meta["node_types"][0])), strict=True))
    owned = {owner: float(of_kind.pop(kind)) for kind, owner in OTHER_OWNERS.items()}
    return {"the page: objects, arrays, strings, functions": float(sum(of_kind.values())), **owned}


def print_owners(owned: dict[int, dict[str, float]]) -> None:
    """Prints the growth between two snapshots of the heap, by the number of polls before each."""
    (first, before), (last, later) = owned.items()
    for owner, size in later.items():
        growth = (size - before[owner]) / (last - first) * 1000
        print(f"{owner}: {size / 1e6:.2f} MB, {growth:+,.0f} bytes per 1,000 polls")


def print_rounds(rounds: Floats, seconds: float) -> None:
    """Prints the rounds; the growth is the slope of their second half, when the tab holds all the points it may."""
    for polls, heap, nodes, listeners in rounds.tolist():
        print(f"{polls:8,.0f} polls: heap {heap / 1e6:6.2f} MB, {nodes:6,.0f} nodes, {listeners:5,.0f} listeners")
    late = rounds[len(rounds) // 2 :]
    for kind, column in zip(METRICS, late.T[1:], strict=True):
        slope = float(np.polyfit(late[:, 0], column, 1)[0])
        print(
            f"{kind}: {slope * 1000:+,.2f} per 1,000 polls, {slope * POLLS_PER_DAY:+,.0f} in a day of polls each 500 ms"
        )
    print(f"{rounds[-1, 0]:,.0f} polls took {seconds:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
