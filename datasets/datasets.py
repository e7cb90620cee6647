"""Series that people upload: kept, read in windows, labelled, forgotten."""

import contextlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from errors import BadInput, BadParameter, NotFound, UnknownName
from readers import read_arrays
from store import Dataset, DatasetStore, Label
from timeseries import Bools, Floats, Series, Table, Times
from timeseries.downsampling import Positions, downsample
from timeseries.regular_grid import count_gaps

DAY_MS = 86_400_000

UNFINISHED_MS = 3_600_000
"""A series whose keeping began this long ago and has not ended is what a service that was killed left behind."""

MOST_LABELS = 10_000
"""Labels of one series."""

MOST_SHOWN = 250_000
"""Points in one overview: of very many columns, each shows fewer."""

NEXT = re.compile(r"([0-9]{1,18})\.([\w-]{1,22})", re.ASCII)
"""Where a list goes on: when the last series of the page before came, and its id."""

POSITION = re.compile(r"[0-9]{1,8}", re.ASCII)
"""What is a position and no time: the seconds since 1970 have nine digits since 1973."""

NUMBER = re.compile(r"-?[0-9]{9,19}", re.ASCII)

PLAIN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", re.ASCII)
"""A time as the service writes it."""

Given = tuple[int | str, int | str, str, str]
"""start, stop, kind, note"""


@dataclass(frozen=True, eq=False)
class Window:
    """Some points of a window of a column.

    start, stop  the window: half open positions in the series
    at           (k,) the positions of the points, rising; all of the window where they are few
    times        (k,) or None
    values       (k,)
    missing      how many points of the window lack a value, also of those that were left out
    """

    column: str
    start: int
    stop: int
    at: Positions
    times: Times | None
    values: Floats
    missing: int = 0


class Datasets:
    """The uploaded series of one service. Safe to use from many threads.

    most_bytes  what all of them and their detections may take on the disk
    keep_days   after which a series is deleted; 0: never
    now         the present, in seconds since 1970 UTC
    """

    def __init__(
        self, archive: DatasetStore, most_bytes: int, keep_days: int = 0, now: Callable[[], float] = time.time
    ) -> None:
        self.archive = archive
        self._most_bytes, self._keep_days, self._now = most_bytes, keep_days, now

    def add(self, table: Table) -> Dataset:
        """Keeps a table; durable when it returns. Raises LimitExceeded where there is no room for it."""
        self.tidy()
        return self.archive.add(table, self._now_ms(), self._most_bytes)

    def tidy(self) -> None:
        """Deletes what is too old, and what a killed service left unfinished."""
        now = self._now_ms()
        self.archive.delete_old(self._oldest(now), now - UNFINISHED_MS)

    def page(self, limit: int, after: str | None = None) -> tuple[list[Dataset], str | None]:
        """Series, the newest first, and what to send as `after` for those that follow. Raises BadParameter."""
        place = None
        if after is not None:
            match = NEXT.fullmatch(after)
            if match is None:
                raise BadParameter("after must be the `next` of a list before this one.", name="after")
            place = int(match[1]), match[2]
        oldest = self._oldest(self._now_ms())
        found = [each for each in self.archive.page(limit + 1, place) if each.created >= oldest]
        last = found[limit - 1] if len(found) > limit else None
        return found[:limit], f"{last.created}.{last.id}" if last else None

    def get(self, series_id: str) -> Dataset:
        """A series by its id. Raises NotFound."""
        found = self.archive.get(series_id)
        if found is None or found.created < self._oldest(self._now_ms()):
            raise NotFound(f"There is no series {series_id!r}; it may have been deleted.", name=series_id)
        return found

    def delete(self, series_id: str) -> None:
        """Forgets a series, its labels and its detections. Raises NotFound."""
        if not self.archive.delete(self.get(series_id).id):
            raise NotFound(f"There is no series {series_id!r}; it was deleted.", name=series_id)

    def table(self, series_id: str) -> Table:
        """A series with all its points. Raises NotFound."""
        kept = self.get(series_id)
        table = self.archive.table(kept)
        if any(len(values) != kept.points for values in table.columns.values()):
            raise NotFound(f"There is no series {series_id!r}; it was deleted.", name=series_id)
        return table

    def window(self, series_id: str, column: str | None, start: str | None, stop: str | None, buckets: int) -> Window:
        """The points of a column from `start` up to `stop`, half open, reduced to at most 2 · `buckets`.

        `start` and `stop` are positions, or times of a series that has times; None is its end.
        Raises NotFound, UnknownName for a column, BadParameter.
        """
        kept = self.get(series_id)
        whole = self._column(kept, column)
        first, last = span(whole, start, stop)
        return _reduced(whole, first, last, buckets)

    def overview(self, series_id: str, buckets: int) -> list[Window]:
        """Every column of a series, each reduced to at most 2 · `buckets` points, of very many columns to fewer.
        Raises NotFound."""
        kept = self.get(series_id)
        few = max(2, min(buckets, MOST_SHOWN // (2 * len(kept.columns))))
        return [_reduced(self._column(kept, name), 0, kept.points, few) for name in kept.columns]

    def labels(self, series_id: str) -> list[Label]:
        """What people said of a series, in the order in which they said it. Raises NotFound."""
        return self.archive.labels(self.get(series_id).id)

    def odd(self, of: Dataset) -> Bools:
        """(n,) the points of a series that are labelled an anomaly; of two labels the later holds."""
        found = np.zeros(of.points, np.bool_)
        for each in self.archive.labels(of.id):
            found[each.start : each.stop] = each.kind == "anomaly"
        return found

    def count_gaps(self, series_id: str) -> int:
        """How many neighbours lie more than 1.5 usual steps apart. Raises NotFound."""
        kept = self.get(series_id)
        return count_gaps(self._column(kept, None).times, kept.step)

    def times_of(self, series_id: str, labels: Sequence[Label]) -> list[tuple[int, int]] | None:
        """Of each label the times of its first and its last point, ms since 1970 UTC; None of a series without times.
        Raises NotFound."""
        kept = self.get(series_id)
        if kept.start is None:
            return None
        if not labels:
            return []
        times = self._column(kept, None).times
        assert times is not None  # a series that has a start has times
        stamps = times.view(np.int64)
        return [(int(stamps[each.start]), int(stamps[each.stop - 1])) for each in labels]

    def put_labels(self, series_id: str, given: Sequence[Given]) -> list[Label]:
        """Keeps labels in place of those before: all or none. Raises NotFound, BadInput with the `index` of a label."""
        kept = self.get(series_id)
        if len(given) > MOST_LABELS:
            raise BadInput(f"A series has at most {MOST_LABELS} labels.", limit=MOST_LABELS)
        texts = {place for each in given for place in each[:2] if isinstance(place, str)}
        places: dict[str, int] | None = None
        if kept.start is not None:
            places = _places(self._column(kept, None).times, texts) if texts else {}
        labels = [_label(each, index, kept, places) for index, each in enumerate(given)]
        if not self.archive.put_labels(kept.id, labels):
            raise NotFound(f"There is no series {series_id!r}; it was deleted.", name=series_id)
        return labels

    def _column(self, kept: Dataset, column: str | None) -> Series:
        name = kept.default if column is None else column
        if name not in kept.columns:
            known = ", ".join(map(repr, kept.columns[:20]))
            said = f"There is no value column {name!r}; use one of {known}."
            raise UnknownName(said, name=name, known=list(kept.columns))
        found = self.archive.cached_series(kept, name)
        if len(found) != kept.points:
            raise NotFound(f"There is no series {kept.id!r}; it was deleted.", name=kept.id)
        return found

    def _now_ms(self) -> int:
        return int(self._now() * 1000)

    def _oldest(self, now: int) -> int:
        """The time, ms since 1970 UTC, before which no series is kept."""
        return now - self._keep_days * DAY_MS if self._keep_days else 0


def span(series: Series, start: str | None, stop: str | None) -> tuple[int, int]:
    """The half open positions of the points from `start` up to `stop`, as `from` and `to` of a query say it:
    positions, or times of a series that has times; None is its end. Raises BadParameter."""
    first = 0 if start is None else _place(series.times, len(series), "from", start)
    last = len(series) if stop is None else _place(series.times, len(series), "to", stop)
    if last < first:
        raise BadParameter("to must not lie before from.", name="to")
    return first, last


def _place(times: Times | None, points: int, name: str, text: str) -> int:
    """The position of the first point that is not before a time, or a position itself, within the series."""
    if POSITION.fullmatch(text):
        return min(int(text), points)
    if times is None:
        said = f"{name} must be a position, a whole number of at most eight digits: this series has no times."
        raise BadParameter(said, name=name)
    moment = read_moment(int(text) if NUMBER.fullmatch(text) else text)
    if moment is None:
        said = f"{name} must be a time such as 2026-03-01T10:15:00Z, or a position of at most eight digits."
        raise BadParameter(said, name=name)
    return int(np.searchsorted(times, moment))


def read_moment(given: int | str) -> np.datetime64 | None:
    """A time as people write it; None where it is none."""
    try:
        times = read_arrays([0.0], [given]).times
    except BadInput:
        return None
    return None if times is None else times[0]


def _reduced(series: Series, start: int, stop: int, buckets: int) -> Window:
    values, times = series.values[start:stop], None if series.times is None else series.times[start:stop]
    at = downsample(values, times, buckets=buckets)
    missing = int(np.count_nonzero(np.isnan(values)))
    return Window(series.name, start, stop, at + start, None if times is None else times[at], values[at], missing)


def _places(times: Times | None, texts: set[str]) -> dict[str, int]:
    """Of each text that is a time the position of the first point that is not before it. Texts as the service writes
    them are read together: one by one, 20,000 take seconds."""
    assert times is not None  # a series that has a start has times
    plain, together = sorted(filter(PLAIN.fullmatch, texts)), {}
    with contextlib.suppress(BadInput):  # one of them is none: then each is looked at by itself
        table = read_arrays([float(at) for at in range(len(plain))], plain)
        assert table.times is not None
        together = {plain[int(at)]: moment for at, moment in zip(table.series().values, table.times, strict=True)}
    moments = {text: together[text] if text in together else read_moment(text) for text in texts}
    return {text: int(np.searchsorted(times, moment)) for text, moment in moments.items() if moment is not None}


def _label(given: Given, index: int, kept: Dataset, places: Mapping[str, int] | None) -> Label:
    start, stop = (_position(place, index, places) for place in given[:2])
    if not 0 <= start < stop <= kept.points:
        said = (
            f"Label {index} must hold points of the series: start from 0, stop after start and at most {kept.points}."
        )
        raise BadInput(said, index=index, limit=kept.points)
    if "\0" in given[3]:  # no text of PostgreSQL's holds it
        raise BadInput(f"The note of label {index} holds a NUL character; leave it out.", index=index)
    return Label(start, stop, given[2], given[3])


def _position(place: int | str, index: int, places: Mapping[str, int] | None) -> int:
    """`places` are those of the texts that are times; None where the series has none."""
    if isinstance(place, int):
        return place
    if places is None or place not in places:
        where = "a position, a whole number from 0" + (
            "" if places is None else ", or a time like 2026-03-01T10:15:00Z"
        )
        raise BadInput(f"Label {index}: {place[:40]!r} is not {where}.", index=index)
    return places[place]
