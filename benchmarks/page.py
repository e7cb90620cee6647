"""The page with a large file, in a real Chromium: uploaded, scored, shown, then zoomed and panned.

A step is a key pressed in the chart. It is over when the exact points of the new window are on the screen: what was
fetched, read, reduced and drawn, and the frame handed to the screen. `python -m benchmarks.page 100000 50` takes a
smaller file.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks._service import serving
from data_generation import demo

POINTS, STEPS = 1_000_000, 50
DETECTOR = "rolling_zscore"
CYCLE = "+ + + ArrowRight PageDown + + ArrowLeft PageUp PageDown + + + ArrowRight + + - PageDown - 0"
KEYS = CYCLE.split()
"""What the steps press, over and over: from everything to a few hundred points and back."""
PAUSE = 0.1
"""Seconds between steps: a person looks."""
LOADS = 5
NAMES = ("chromium", "chromium-browser", "google-chrome")
WAIT = 300_000  # ms for an upload or a judgement

STEP = """(key) => new Promise((done) => {
  const canvas = document.getElementById("canvas"), began = performance.now();
  const before = performance.getEntriesByType("resource").length;
  let first = null;
  const drawn = ({ detail }) => {
    first ??= performance.now() - began;
    if (!detail.settled) return;
    canvas.removeEventListener("drawn", drawn);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => done({ first, exact: performance.now() - began,
      fetched: performance.getEntriesByType("resource").length - before });
    port2.postMessage(null);  // comes after the frame
  };
  canvas.addEventListener("drawn", drawn);
  document.getElementById("plot").dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
})"""

LOADED = """() => ({
  paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
  bytes: [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .filter(({ name }) => !name.includes("/api/")).reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0),
})"""


def main(arguments: Sequence[str]) -> None:
    """Prints what a person waits for."""
    points, steps = (int(each) for each in (*arguments, *map(str, (POINTS, STEPS)[len(arguments) :])))
    with tempfile.TemporaryDirectory() as folder, serving(folder) as service, sync_playwright() as playwright:
        file, url = Path(folder) / "large.csv", f"http://127.0.0.1:{service.port}"
        write(file, points)
        executable = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        loads = [load(browser.new_page(), url) for _ in range(LOADS + 1)][1:]  # the first one warms the server
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        session = page.context.new_cdp_session(page)
        page.goto(url)
        load_results(loads)
        shown(page, file, points)
        before = np.array([service.cpu(), processor(browser)])
        step_results([stepped(page, KEYS[k % len(KEYS)]) for k in range(steps)])
        server, tab = (np.array([service.cpu(), processor(browser)]) - before) / steps * 1000
        print(
            f"processor time of a step: {tab:.0f} ms in the browser, its pauses included, {server:.1f} ms in the server"
        )
        print(f"heap of the tab after a collection of garbage: {heap(session):.1f} MB")
        browser.close()


def write(file: Path, points: int) -> None:
    """A CSV file of `points` points, one a second, with a fault now and then."""
    values = demo("seasonal", points).series.values
    seconds = np.datetime64("2026-01-01T00:00:00") + np.arange(points)
    rows = (f"{at}Z,{value:.3f}" for at, value in zip(seconds.astype(str), values, strict=True))
    file.write_text("\n".join(["time,value", *rows, ""]))


def load(page: Page, url: str) -> dict[str, float]:
    """Milliseconds to the first paint, and bytes of all that the page loads before anybody does anything."""
    page.goto(url, wait_until="networkidle")
    loaded: dict[str, float] = page.evaluate(LOADED)
    page.close()
    return loaded


def shown(page: Page, file: Path, points: int) -> None:
    """Upload the file, detect in it, and print how long that took."""
    began = time.monotonic()
    page.locator("#file").set_input_files(file)
    page.locator("#facts", has_text=f"{points:,}").wait_for(timeout=WAIT)
    page.wait_for_function("() => globalThis.Chart?.getChart('canvas')?.data.datasets[0].data.length > 0", timeout=WAIT)
    uploaded = time.monotonic() - began
    page.get_by_label("Detector").first.select_option(DETECTOR)
    began = time.monotonic()
    page.get_by_role("button", name="Detect Anomalies").click()
    page.locator("#verdict").wait_for(timeout=WAIT)
    page.locator("body:not([aria-busy])").wait_for(timeout=WAIT)
    detected = time.monotonic() - began
    page.locator("#plot").focus()
    page.wait_for_timeout(1000)
    print(f"{points:,} points: uploaded and shown in {uploaded:.1f} s, detected by {DETECTOR} in {detected:.1f} s")
    print(page.locator("#verdict").inner_text())


def stepped(page: Page, key: str) -> dict[str, Any]:
    """One step: ms to the first frame and to the exact one, and how many requests it took."""
    loaded: dict[str, Any] = page.evaluate(STEP, key)
    page.wait_for_timeout(PAUSE * 1000)
    return {**loaded, "key": key}


def processor(browser: Browser) -> float:
    """Seconds that all processes of the browser have used."""
    loaded = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
    return sum(float(each["cpuTime"]) for each in loaded["processInfo"])


def heap(session: CDPSession) -> float:
    """MB."""
    session.send("Performance.enable")
    session.send("HeapProfiler.collectGarbage")
    executable = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return float(executable["JSHeapUsedSize"]) / 1e6


def load_results(loads: list[dict[str, float]]) -> None:
    """Prints how the page begins."""
    paints = [each["paint"] for each in loads]
    print(f"first paint {np.median(paints):.0f} ms (median of {len(loads)} loads), {loads[0]['bytes'] / 1e3:.0f} kB")


def step_results(steps: list[dict[str, Any]]) -> None:
    """Print the percentiles of the duration of a step."""
    fetched = sum(each["fetched"] > 0 for each in steps)
    for name, words in (("first", "first frame"), ("exact", "exact, fetched and drawn")):
        p50, p95, p100 = np.percentile([each[name] for each in steps], [50, 95, 100])
        print(
            f"{len(steps)} steps, {fetched} with a request: {words}: p50 {p50:.1f}, p95 {p95:.1f}, most {p100:.1f} ms"
        )
    print(f"load of the machine {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])
