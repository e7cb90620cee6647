"""From outputs to figures: per series, per data set, over all; means skip undefined values."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.accuracy import nab
from benchmarks.accuracy.data import Labelled
from benchmarks.accuracy.events import EventMetrics, event_metrics
from benchmarks.accuracy.results import Result
from benchmarks.accuracy.vus import vus_pr, vus_window

PER = 10_000


@dataclass(frozen=True, eq=False)
class Figures:
    """One method on one series.

    vus      VUS-PR; NaN where nothing is labelled
    events   counts at the method's own threshold
    seconds  of one processor, per 10,000 points
    peak     most memory of the whole process, in MiB
    """

    file: str
    data_set: str
    vus: float
    events: EventMetrics
    seconds: float
    peak: float


@dataclass
class Summary:
    """One method on all series: figures of those it finished, problems of the others, NAB's scores (NaN unless all
    of NAB's files are finished)."""

    name: str
    kind: str
    figures: list[Figures] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    nab_own: float = float("nan")
    nab_best: float = float("nan")

    def mean(self, of: Callable[[Figures], float], data_set: str | None = None) -> float:
        """Over the files, or those of one data set."""
        return mean(of(one) for one in self.figures if data_set in (None, one.data_set))

    def over_sets(self, of: Callable[[Figures], float]) -> float:
        """The mean of the data sets' means: each data set counts the same, however many files it has."""
        return mean(self.mean(of, data_set) for data_set in dict.fromkeys(one.data_set for one in self.figures))


def mean(values: Iterable[float]) -> float:
    """Mean of the values that are numbers; NaN where none is."""
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def summary(name: str, kind: str, series: Sequence[Labelled], result_of: Callable[[str], Result | None]) -> Summary:
    """Return the figures of one method from its stored results."""
    total = Summary(name, kind)
    nab_files: list[nab.Scored] = []
    for one in series:
        result = result_of(one.file)
        if result is None or result.output is None:
            total.problems[one.file] = result.problem if result else "not run yet"
            continue
        severity, table = result.output.severity, result.output.events
        total.figures.append(
            Figures(
                one.file,
                one.data_set,
                vus_pr(severity, one.labels, vus_window(one.series.values)),
                event_metrics([(a, b) for a, b, _ in table.tolist()], one.labels, table[:, 2].tolist()),
                PER * result.seconds / len(one.series),
                result.peak,
            )
        )
        if one.data_set == "NAB":
            nab_files.append(nab.scored(severity, one.labels))
    if nab_files and len(nab_files) == sum(one.data_set == "NAB" for one in series):
        total.nab_own = nab.at_threshold(nab_files)
        total.nab_best = nab.at_best_threshold(nab_files)
    return total
