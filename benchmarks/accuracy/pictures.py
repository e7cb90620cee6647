"""Pictures of the series on which a method scores worst: values, labels, score and threshold, as small SVG files."""

import math
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from benchmarks.accuracy.data import Labelled
from benchmarks.accuracy.events import Spans
from benchmarks.accuracy.figures import Figures, Summary
from benchmarks.accuracy.methods import Method
from benchmarks.accuracy.results import load_result
from timeseries import Bools, Floats

METHOD = "auto offline"
"""The method whose failures are shown: what the page and the API answer for a file."""
PICTURES = 10
WIDTH, BUCKETS = 720, 480
SERIES_TOP, SERIES_BOTTOM = 22.0, 132.0
SCORE_TOP, SCORE_BOTTOM = 142.0, 182.0
HEIGHT = 190
HIGHEST = 3.0
"""Thresholds beyond which the drawn score is cut off."""
WHY = {
    "labelled/smap_F-1.csv.gz": (
        "One deep dip among spikes that are as large, upwards, all the time: a distance without a sign calls both "
        "usual. The label goes on for 100 usual points."
    ),
    "nab/realAdExchange/exchange-2_cpc_results.csv": (
        "Nothing in the labelled week differs to the eye from the weeks beside it: the value is a little lower, the "
        "daily course is the same."
    ),
    "labelled/smd_machine-2-1_ch4.csv.gz": (
        "Eleven values between which the series jumps at any time. The labels of a machine hold for all of its "
        "channels; most of these events are seen in others."
    ),
    "labelled/smd_machine-3-3_ch25.csv.gz": (
        "Most labels are three points long and lie on usual values of this channel; the one deep spike that is "
        "reported has no label."
    ),
    "nab/realKnownCause/rogue_agent_key_updown.csv": (
        "The labels mark when something was known to be wrong, not what is odd: the highest spikes of the series lie "
        "outside them, and are reported."
    ),
    "labelled/smap_E-13.csv.gz": (
        "Dense pulses of varying height; the labelled stretches have the same pulses, a few of them missing."
    ),
    "labelled/smd_machine-2-7_ch10.csv.gz": (
        "The one great event is found. Nineteen labels of two to four points lie on a quiet line, and count as much."
    ),
    "nab/realAWSCloudwatch/ec2_cpu_utilization_77c1ca.csv": (
        "Bursts between silences: the labelled one is like those before and after it, and the long silence that is "
        "odd has no label."
    ),
    "labelled/msl_M-5.csv.gz": (
        "A new course at other levels, for an eighth of the series: what lasts so long widens what is usual, and "
        "stays below the threshold."
    ),
    "labelled/smd_machine-2-2_ch34.csv.gz": (
        "Peaks that come each night; from some day on they are labelled as anomalies, before that day they are not."
    ),
}
"""Why each fails, from inspection."""


def worst(summaries: Summary) -> list[Figures]:
    """The files with the lowest VUS-PR, the lowest first."""
    known = [one for one in summaries.figures if not math.isnan(one.vus)]
    return sorted(known, key=lambda one: one.vus)[:PICTURES]


def draw(method: Method, summaries: Summary, series: Sequence[Labelled], folder: Path) -> str:
    """Writes a picture for each of the worst files into the folder, takes away those of before; Markdown about them."""
    by_file = {one.file: one for one in series}
    folder.mkdir(parents=True, exist_ok=True)
    parts, names = [], set()
    for place, one in enumerate(worst(summaries), start=1):
        result = load_result(method, one.file)
        assert result is not None
        assert result.output is not None
        title = f"{short(one.file)}, VUS-PR {one.vus:.2f}"
        name = f"{short(one.file).replace('/', '-')}.svg"
        spans = [(start, stop) for start, stop, _ in result.output.events.tolist()]
        (folder / name).write_text(svg(title, by_file[one.file], result.output.severity, spans), encoding="utf-8")
        names.add(name)
        why = WHY.get(one.file, "Not inspected yet.")
        parts.append(f"{place}. **{title}.** {why}\n\n   ![{title}](../images/{folder.name}/{name})")
    for old in folder.glob("*.svg"):
        if old.name not in names:
            old.unlink()
    return "\n\n".join(parts)


def short(file: str) -> str:
    """The name of a file as the tables show it."""
    return file.removeprefix("nab/").removeprefix("labelled/").removesuffix(".gz").removesuffix(".csv")


def svg(title: str, one: Labelled, severity: Floats, events: Spans) -> str:
    """Values, labelled events as red ground, the detector's events as bars; below, the score and its threshold."""
    points = len(one.labels)
    values, score = one.series.values, np.minimum(severity, HIGHEST)
    line = SCORE_BOTTOM - (SCORE_BOTTOM - SCORE_TOP) / HIGHEST
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="11">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="4" y="14" fill="#333">{escape(title)}</text>',
        *bars(one.events, points, SERIES_TOP, SCORE_BOTTOM, "#fbc4c4"),
        path(values, SERIES_TOP, SERIES_BOTTOM, "#24588f"),
        *bars(events, points, SERIES_BOTTOM + 3, SERIES_BOTTOM + 7, "#b00020"),
        path(score, SCORE_TOP, SCORE_BOTTOM, "#555", (0.0, HIGHEST)),
        f'<path d="M0 {line:.1f}H{WIDTH}" stroke="#b00020" stroke-dasharray="4 3" fill="none"/>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def bars(spans: Spans, points: int, top: float, bottom: float, colour: str) -> list[str]:
    """A rectangle for each half open span, at least one unit wide."""
    scale = WIDTH / points
    return [
        f'<rect x="{start * scale:.1f}" y="{top:g}" width="{max((stop - start) * scale, 1.0):.1f}" '
        f'height="{bottom - top:g}" fill="{colour}"/>'
        for start, stop in spans
    ]


def path(column: Floats, top: float, bottom: float, colour: str, between: tuple[float, float] | None = None) -> str:
    """A line through the lowest and highest value (n,) of each of BUCKETS stretches; missing ones break it."""
    known: Bools = np.isfinite(column)
    if not known.any():
        return ""
    low, high = between or (float(np.min(column[known])), float(np.max(column[known])))
    height = (bottom - top) / ((high - low) or 1.0)
    edges = np.unique(np.linspace(0, len(column), BUCKETS + 1).astype(int))
    steps, pen = [], "M"
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        within = column[start:stop][known[start:stop]]
        if not within.size:
            pen = "M"
            continue
        x = (start + stop) / 2 * WIDTH / len(column)
        for value in (float(np.min(within)), float(np.max(within))):
            steps.append(f"{pen}{x:.1f} {bottom - (value - low) * height:.1f}")
            pen = "L"
    return f'<path d="{"".join(steps)}" stroke="{colour}" fill="none" stroke-width="0.8"/>'
