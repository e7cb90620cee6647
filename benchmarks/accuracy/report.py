"""The tables of the accuracy pages, in Markdown; the prose between them is written by hand and stays."""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.accuracy.figures import Figures, Summary, mean

Rows = list[list[str]]

LEFT_OUT = {
    "time-series-anomaly-detector": "its compiled part is built against numpy 1 and fails under the project's numpy 2",
}
"""Rivals that cannot run here at all, and why; see decision 1 in docs/decisions."""

PAGES = ("docs/explanation/accuracy.md", "docs/experiments/accuracy.md")
"""The pages with places for the tables, from the root of the project."""

BESIDE = ("lstm", "ridge_autoregression")
"""What a rival that did not finish is compared with, beside the best of ours."""


def tables(summaries: Sequence[Summary]) -> dict[str, str]:
    """Each table by the name that marks its place."""
    shown = [one for one in summaries if one.figures]
    sets = list(dict.fromkeys(figures.data_set for one in shown for figures in one.figures))
    return {
        "summary": _summary(shown),
        "sets": _by_set(shown, sets, lambda one: one.vus, 3),
        "events": _by_set(shown, sets, lambda one: one.events.f1, 2),
        "false": _by_set(shown, sets, lambda one: one.events.false_rate, 1),
        "cost": _cost(shown),
        "nab": _nab(shown),
        "same": _same_files(shown),
        "missing": _missing(summaries),
        "files": _files(shown),
    }


def write(pages: Sequence[Path], made: dict[str, str]) -> None:
    """Replaces what stands between `<!-- name -->` and `<!-- /name -->` on these pages.

    Raises ValueError where no page has a place for a table.
    """
    texts = {page: page.read_text(encoding="utf-8") for page in pages}
    for name, table in made.items():
        place = re.compile(rf"(?s)(<!-- {name} -->\n).*?(<!-- /{name} -->)")
        page = next((page for page, text in texts.items() if place.search(text)), None)
        if page is None:
            raise ValueError(f"{', '.join(page.name for page in pages)}: no place for the table {name}")
        texts[page] = place.sub(lambda marks, table=table: f"{marks[1]}\n{table}\n\n{marks[2]}", texts[page])  # type: ignore[misc]  # mypy knows no default in a lambda
    for page, text in texts.items():
        page.write_text(text, encoding="utf-8")


def _summary(shown: Sequence[Summary]) -> str:
    head = ["method", "files", "VUS-PR, mean over files", "over data sets", "precision", "recall", "F1", "F1 by peak"]
    rows = []
    for one in _ranked(shown):
        events = [
            one.mean(lambda f: f.events.precision),
            one.mean(lambda f: f.events.recall),
            one.mean(lambda f: f.events.f1),
            one.mean(lambda f: f.events.peak_f1),
        ]
        vus = [_number(one.mean(_vus), 3), _number(one.over_sets(_vus), 3)]
        rows.append(
            [
                _title(one),
                str(len(one.figures)),
                *vus,
                *(_number(value, 2) for value in events),
                _number(one.mean(lambda f: f.events.false_rate), 1),
                _number(one.mean(lambda f: f.events.delay), 0),
            ]
        )
    return markdown([*head, "false events per 10,000", "delay, points"], rows)


def _by_set(shown: Sequence[Summary], sets: Sequence[str], of: Callable[[Figures], float], digits: int) -> str:
    rows = [[_title(one), *(_number(one.mean(of, name), digits) for name in sets)] for one in _ranked(shown)]
    return markdown(["method", *sets], rows)


def _cost(shown: Sequence[Summary]) -> str:
    rows = [
        [
            _title(one),
            _number(one.mean(lambda f: f.seconds), 2),
            _number(max(figures.seconds for figures in one.figures), 2),
            _number(max(figures.peak for figures in one.figures), 0),
        ]
        for one in _ranked(shown)
    ]
    return markdown(["method", "seconds per 10,000 points, mean", "slowest file", "peak memory, MiB"], rows)


def _nab(shown: Sequence[Summary]) -> str:
    complete = sorted((one for one in shown if not math.isnan(one.nab_own)), key=lambda one: -one.nab_best)
    rows = [[_title(one), _number(one.nab_own, 1), _number(one.nab_best, 1)] for one in complete]
    return markdown(["method", "at its own threshold", "at the best single threshold"], rows)


def _same_files(shown: Sequence[Summary]) -> str:
    """Methods that did not finish everything, beside the others on the very files that they did finish."""
    most = max((len(one.figures) for one in shown), default=0)
    complete = {one.name: one for one in _ranked(shown) if len(one.figures) == most}
    rows = []
    for part in (one for one in shown if len(one.figures) < most):
        files = {figures.file for figures in part.figures}
        on_these = {name: mean(f.vus for f in one.figures if f.file in files) for name, one in complete.items()}
        ours = {name: vus for name, vus in on_these.items() if complete[name].kind == "ours" and not math.isnan(vus)}
        best = max(ours, key=lambda name: ours[name], default="")
        beside = [f"{_number(ours[best], 3)} ({best})" if best else "–"]
        beside += [_number(on_these.get(name, math.nan), 3) for name in BESIDE]
        rows.append([_title(part), str(len(files)), _number(part.mean(_vus), 3), *beside])
    return markdown(["method", "files", "VUS-PR", "best of ours on these", *BESIDE], rows)


def _missing(summaries: Sequence[Summary]) -> str:
    lines = [f"- {name}: not run, {reason}." for name, reason in LEFT_OUT.items()]
    for one in summaries:
        for problem, files in Counter(one.problems.values()).items():
            lines.append(f"- {_title(one)}: {files} {'file' if files == 1 else 'files'}, {problem.rstrip('.')}.")
    return "\n".join(lines)


def _files(shown: Sequence[Summary]) -> str:
    ranked = _ranked(shown)
    by_name = {one.name: {figures.file: figures for figures in one.figures} for one in ranked}
    files = list(dict.fromkeys(f.file for one in ranked for f in one.figures if not math.isnan(f.vus)))
    rows = [
        [
            _short(file),
            *(_number(of[file].vus, 2) if file in of else "–" for of in (by_name[one.name] for one in ranked)),
        ]
        for file in sorted(files)
    ]
    return markdown(["file", *(one.name.removeprefix("TSB-AD ") for one in ranked)], rows)


def _vus(one: Figures) -> float:
    return one.vus


def _ranked(shown: Sequence[Summary]) -> list[Summary]:
    return sorted(shown, key=lambda one: -one.mean(_vus))


def _title(one: Summary) -> str:
    return f"**{one.name}**" if one.kind == "ours" else one.name


def _short(file: str) -> str:
    return file.removeprefix("nab/").removeprefix("labelled/").removesuffix(".gz").removesuffix(".csv")


def _number(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def markdown(head: list[str], rows: Rows) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def merged(pages: Sequence[Path], made: dict[str, str], summaries: Sequence[Summary]) -> dict[str, str]:
    """The tables of the pages with what was measured now beside the other methods' figures as they stand there.

    Rows and columns of the methods in `found` are taken from `made`; the best comes first, as everywhere. The tables
    that compare methods with each other file by file, and the list of what is missing, need a whole run and stay.
    """
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    old = {name: _cells(_between(text, name)) for name in made}
    new = {name: _cells(table) for name, table in made.items()}
    titles = {_title(one) for one in summaries if one.figures}
    rows = [row for row in old["summary"][1:] if row[0] not in titles] + new["summary"][1:]
    ranked = [row[0] for row in sorted(rows, key=lambda row: -float(row[2]))]
    out = {}
    for name in ("summary", "sets", "events", "false", "cost", "nab"):
        by_title = {row[0]: row for row in [*old[name][1:], *new[name][1:]]}
        order = ranked if name != "nab" else sorted(by_title, key=lambda title: -float(by_title[title][2]))
        out[name] = markdown(old[name][0], [by_title[title] for title in order if title in by_title])
    out["files"] = _merged_columns(old["files"], new["files"], [title.strip("*") for title in ranked])
    return out


def _merged_columns(old: Rows, new: Rows, ranked: Sequence[str]) -> str:
    values = {
        (row[0], name): cell
        for table in (old, new)
        for row in table[1:]
        for name, cell in zip(table[0], row, strict=True)
    }
    names = [name.removeprefix("TSB-AD ") for name in ranked]
    names = [name for name in names if name in (*old[0], *new[0])]
    rows = [[row[0], *(values.get((row[0], name), "–") for name in names)] for row in old[1:]]
    return markdown(["file", *names], rows)


def _between(text: str, name: str) -> str:
    return text.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0]


def _cells(table: str) -> Rows:
    """Rows of cells of a Markdown table, its head first, without the line below the head."""
    lines = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("|")]
    return [line for line in lines if not line[-1].startswith("---")]
