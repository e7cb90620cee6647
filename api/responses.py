"""What was read, judged or made up, as the plain columns that JSON and CSV answers are written from."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from anomaly_detection import Detection, band
from data_generation import Demo
from evaluation.detectability_report import Detectability, SizeResult
from evaluation.wording import fault_sentence, fault_title, reason_sentence, report_sentences
from events.event import Event
from events.scored_points import ScoredPoints
from events.wording import explanation, note_message
from streams.events import StreamEvent
from timeseries import DatesRead, Floats, Note, Repair, Series, Table, Times, escape_formula, format_times
from timeseries.regular_grid import count_gaps

Bools = NDArray[np.bool_]


AT_ONCE = 4096
"""Rows of a file that are written together: other requests are answered between two such pieces."""
NO_POINTS = Series(None, np.empty(0))
DETECTION_COLUMNS = ("time", "value", "expected", "lower", "upper", "score", "is_anomaly")
DEMO_COLUMNS = ("time", "value", "label")


def to_json(answer: Mapping[str, Any]) -> bytes:
    """Strict JSON in UTF-8; numbers that are not finite become null."""
    return orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)


def of_detection(
    table: Table, detection: Detection, seconds: Mapping[str, float], *, as_ms: bool = False
) -> dict[str, Any]:
    """The answer to a detection and the seconds that each stage took; columns are arrays of n."""
    series, times = detection.series, format_times(detection.series.times, as_ms=as_ms)
    lower, upper = detection.band
    return {
        **_identity(table, series),
        "date_order": of_dates(table.dates),
        "params": dict(detection.params),
        "times": times,
        "values": _column(series.values),
        "expected": _column(detection.expected),
        "lower": _column(lower),
        "upper": _column(upper),
        "score": _column(detection.score),
        "is_anomaly": np.ascontiguousarray(detection.is_anomaly),
        "threshold": detection.threshold,
        "events": of_events(detection.events, as_ms=as_ms),
        "repairs": [of_repair(repair) for repair in table.repairs],
        "summary": of_statistics({**detection.statistics, "seconds": dict(seconds)}),
    }


def of_statistics(statistics: Mapping[str, Any]) -> dict[str, Any]:
    """The statistics of a detection; its notes get their messages."""
    notes = [{"code": each["code"], "message": note_message(Note.from_plain(each))} for each in statistics["notes"]]
    return {**statistics, "notes": notes}


def of_events(events: Sequence[Event], *, as_ms: bool = False) -> list[dict[str, Any]]:
    """Events of a detection, with their explanations."""
    stamps = [(event.start_time, event.stop_time, event.peak_time) for event in events]
    timed = bool(events) and events[0].peak_time is not None
    times = format_times(np.array(stamps, "datetime64[ms]").ravel(), as_ms=as_ms) if timed else None
    each_times = iter(times or [None] * 3 * len(events))
    return [_event(event, *itertools.islice(each_times, 3)) for event in events]


def _event(event: Event, start_time: Any, stop_time: Any, peak_time: Any) -> dict[str, Any]:
    """`stop` is half open, so `stop_time` is the time of the last point inside, `stop − 1`."""
    return {
        "start": event.start,
        "stop": event.stop,
        "peak": event.peak,
        "start_time": start_time,
        "stop_time": stop_time,
        "peak_time": peak_time,
        "direction": event.direction,
        "severity": event.severity,
        "value": event.value,
        "expected": event.expected,
        "explanation": explanation(event),
        "top_scorer": event.top_scorer,
        "window": event.window,
    }


def of_window(detection: Detection, positions: NDArray[np.int64], *, as_ms: bool = False) -> dict[str, Any]:
    """The points of a detection at some positions, as columns."""
    series, times = detection.series, detection.series.times
    lower, upper = band(detection.expected[positions], detection.margin[positions])
    return {
        "positions": positions,
        "times": None if times is None else format_times(times[positions], as_ms=as_ms),
        "values": _column(series.values[positions]),
        "expected": _column(detection.expected[positions]),
        "lower": _column(lower),
        "upper": _column(upper),
        "score": _column(detection.score[positions]),
        "is_anomaly": np.ascontiguousarray(detection.is_anomaly[positions]),
        "threshold": detection.threshold,
    }


def of_table(table: Table, series: Series, *, as_ms: bool = False) -> dict[str, Any]:
    """What was understood of an input, with the values of one of its columns."""
    times = format_times(series.times, as_ms=as_ms)
    step = series.step_ms
    return {
        **_identity(table, series),
        "date_order": of_dates(table.dates),
        "points": len(series),
        "missing": series.missing,
        "start": times[0] if times else None,
        "stop": times[-1] if times else None,
        "step_seconds": None if step is None else step / 1000,
        "gaps": count_gaps(series.times, step),
        "repairs": [of_repair(repair) for repair in table.repairs],
        "times": times,
        "values": _column(series.values),
    }


def of_source(table: Table, series: Series) -> dict[str, Any]:
    """Where the values came from."""
    return _identity(table, series)


def of_catches(found: Detectability, repairs: Iterable[Repair]) -> dict[str, Any]:
    """What would be caught in a series."""
    return {
        "summary": report_sentences(found),
        "points": found.points,
        "copies": found.copies,
        "noise": found.noise,
        "typical_change": found.typical_change,
        "period": found.period,
        "reason": reason_sentence(found) or None,
        "truncated": found.truncated,
        "faults": [
            {
                "name": fault.name,
                "title": fault_title(fault),
                "unit": str(fault.unit),
                "summary": fault_sentence(fault),
                "smallest": fault.smallest.size if fault.smallest else None,
                "sizes": [_catch(catch) for catch in fault.sizes],
            }
            for fault in found.faults
        ],
        "repairs": [of_repair(repair) for repair in repairs],
    }


def _catch(catch: SizeResult) -> dict[str, Any]:
    return {
        "size": catch.size,
        "change": catch.change,
        "points": catch.points,
        "injected": catch.injected,
        "detected": catch.detected,
        "share": catch.share,
        "delay_points": catch.delay_points,
        "delay_seconds": None if catch.delay_ms is None else catch.delay_ms / 1000,
    }


def of_judged(judged: ScoredPoints, *, as_ms: bool = False) -> dict[str, Any]:
    """Points of a stream with their judgement; columns are arrays of n."""
    return {
        "times": format_times(judged.times, as_ms=as_ms),
        "values": _column(judged.values),
        "expected": _column(judged.expected),
        "lower": _column(judged.lower),
        "upper": _column(judged.upper),
        "score": _column(judged.score),
        "is_anomaly": np.ascontiguousarray(judged.is_anomaly),
        "judged_by": list(judged.judged_by),
        "confidence": _column(judged.confidence),
        "late": np.ascontiguousarray(judged.late),
        "cursor": judged.cursor,
        "repairs": [of_repair(repair) for repair in judged.repairs],
    }


def of_read(points: ScoredPoints, events: Sequence[StreamEvent], *, as_ms: bool = False) -> dict[str, Any]:
    """Points of a stream as they are read, with the events that they belong to."""
    listed = [of_stream_event(event, as_ms=as_ms) for event in events]
    return {**of_judged(points, as_ms=as_ms), "events": listed}


def of_stream_event(event: StreamEvent, *, as_ms: bool = False) -> dict[str, Any]:
    """An event of a stream: a run of anomalies or a silence."""
    fields = asdict(event)
    del fields["changed"]
    times = {name: time(fields[name], as_ms=as_ms) for name in ("start_time", "stop_time", "peak_time")}
    return {"id": event.id, **fields, **times}


def time(ms: int | None, *, as_ms: bool = False) -> str | int | None:
    """A time in ms since 1970 UTC, as times are answered; None stays None."""
    told = None if ms is None else format_times(np.array([ms], "datetime64[ms]"), as_ms=as_ms)
    return told[0] if told else None


def pairs_of_times(pairs: Sequence[tuple[int, int]], *, as_ms: bool = False) -> list[list[str | int]]:
    """Pairs of times in ms since 1970 UTC, as times are answered, all of them at once."""
    told = format_times(np.array(pairs, np.int64).ravel().astype("datetime64[ms]"), as_ms=as_ms) or []
    return [[told[at], told[at + 1]] for at in range(0, len(told), 2)]


def of_demo(demo: Demo, *, as_ms: bool = False) -> dict[str, Any]:
    """A labelled demo series."""
    return {
        "kind": demo.kind,
        "times": format_times(demo.series.times, as_ms=as_ms),
        "values": _column(demo.series.values),
        "labels": np.ascontiguousarray(demo.labels),
        "anomalies": [{"name": name, "start": start, "stop": stop} for name, start, stop in demo.anomalies],
    }


def detection_csv(detection: Detection, *, as_ms: bool = False) -> Iterator[bytes]:
    """`time,value,expected,lower,upper,score,is_anomaly`; an unknown number is an empty field, a flag 1 or 0.

    In pieces of at most AT_ONCE rows, as the next ones."""
    judged = (detection.expected, *detection.band, detection.score, detection.is_anomaly)
    return _csv(DETECTION_COLUMNS, detection.series.times, (detection.series.values, *judged), as_ms)


def demo_csv(demo: Demo, *, as_ms: bool = False) -> Iterator[bytes]:
    """`time,value,label`: a file that can be uploaded again."""
    return _csv(DEMO_COLUMNS, demo.series.times, (demo.series.values, demo.labels), as_ms)


def columns(table: Table, series: Series) -> dict[str, Any]:
    """Which column of a table was taken, and which there are."""
    return {"column": series.name, "columns": list(table.columns), "time_column": table.time_column}


def _identity(table: Table, series: Series) -> dict[str, Any]:
    return {"name": table.name or series.name, **columns(table, series)}


def _column(values: Floats) -> Floats:
    """(n,) contiguous, as the JSON writer wants it."""
    return np.ascontiguousarray(values, dtype=np.float64)


def of_repair(repair: Repair) -> dict[str, Any]:
    """A change made to an input, as it is answered."""
    return {"code": repair.code, "message": repair.message, "count": repair.count, "lines": list(repair.lines)}


def of_dates(dates: DatesRead | None) -> dict[str, str] | None:
    """How dates that can be written in several orders were read, as it is answered."""
    return None if dates is None else {"order": dates.order, "by": dates.by, "message": dates.message}


def of_points(at: NDArray[np.int64], times: Times | None, values: Floats, *, as_ms: bool = False) -> dict[str, Any]:
    """Some points of a series, (k,) each: their positions, times and values."""
    return {
        "positions": np.ascontiguousarray(at),
        "times": format_times(times, as_ms=as_ms),
        "values": _column(values),
    }


def table_csv(table: Table, *, as_ms: bool = False) -> Iterator[bytes]:
    """A table as a file that is read as the same table. A missing value is an empty field; without times it is `nan`,
    for an empty line would be no row."""
    names = [*([] if table.times is None else [_time_name(table)]), *table.columns]
    yield ",".join(map(_quoted, names)).encode() + b"\n"
    missing = b"nan" if table.times is None else b""
    for start in range(0, len(table.series()), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        stamps = None if table.times is None else table.times[some]
        yield _rows(stamps, [column[some] for column in table.columns.values()], as_ms, missing)


def _time_name(table: Table) -> str:
    """What the column of times is called: as it was, or else a name that no other column has."""
    numbered = (f"time_{count}" for count in itertools.count(2))
    names = itertools.chain((table.time_column or "time", "time", "timestamp"), numbered)
    return next(name for name in names if name not in table.columns)


def _quoted(name: str) -> str:
    """A name as the head of a CSV file has it, never one that a spreadsheet computes."""
    name = escape_formula(name)
    return '"' + name.replace('"', '""') + '"' if re.search(r"""[,;\t|"'\s]""", name) or not name else name


def _csv(
    names: tuple[str, ...], times: Times | None, columns: tuple[Floats | Bools, ...], as_ms: bool
) -> Iterator[bytes]:
    """The names, then rows of numbers; of a series without times the first is the position."""
    yield ",".join(names).encode() + b"\n"
    for start in range(0, len(columns[0]), AT_ONCE):
        parts = [column[start : start + AT_ONCE] for column in columns]
        if times is None:
            yield _rows(None, [np.arange(start, start + len(parts[0])), *parts], as_ms)
        else:
            yield _rows(times[start : start + AT_ONCE], parts, as_ms)


def _rows(times: Times | None, columns: Sequence[NDArray[Any]], as_ms: bool, missing: bytes = b"") -> bytes:
    """Lines of numbers. orjson writes a million shortest exact floats in a tenth of the time of `repr`."""
    stamps = format_times(times, as_ms=as_ms)
    fields = [] if stamps is None else [[str(stamp).encode() for stamp in stamps]]
    fields += [_fields(column, missing) for column in columns]
    return b"\n".join([*map(b",".join, zip(*fields, strict=True)), b""])


def _fields(column: NDArray[Any], missing: bytes = b"") -> list[bytes]:
    """Each number of a column as text; NaN is empty, or what `missing` says."""
    if not column.size:
        return []
    numbers = column.astype(np.uint8) if column.dtype == np.bool_ else column
    text = orjson.dumps(np.ascontiguousarray(numbers), option=orjson.OPT_SERIALIZE_NUMPY)
    return text[1:-1].replace(b"null", missing).split(b",")
