"""Response structs and their JSON and CSV."""

import json

import msgspec
import numpy as np
import pytest

from anomaly_detection import Detection as DetectionResult
from api import responses
from api.schemas.detection import Detection
from api.schemas.fields import Column, FlagColumn, Schema, format_time
from api.schemas.table import ParsedSeries
from data_generation import demo
from tests.api.invariants import strict_json
from timeseries import Repair, Series, Table

TIMES = np.array(["2026-01-01T00:00", "2026-01-01T00:01", "2026-01-01T00:02", "2026-01-01T00:05"], "datetime64[ms]")
VALUES = np.array([1.0, np.nan, 0.1, 9.5])
SECONDS = {"read": 0.1, "fit": 0.2, "detect": 0.3}


class Columns(Schema):
    """Two numpy columns and a field that may be left out."""

    numbers: Column
    flags: FlagColumn
    extra: int | msgspec.UnsetType = msgspec.UNSET


def table(times=TIMES, **fields):
    return Table("a file", times, {"kW": VALUES, "rpm": VALUES * 2}, "when", **fields)


def detection(times=TIMES, score=(np.nan, np.nan, 0.5, 8.0)):
    series = table(times).series()
    expected = np.array([np.nan, 1.0, 1.0, 1.0])
    return DetectionResult(series, expected, np.full(4, 2.0), np.array(score), 4.0, {"window": 3})


def response_of(table_, result, *, as_ms=False):
    """The response for a detection, as a client decodes it."""
    struct = Detection.from_result("rolling_zscore", table_, result, SECONDS, as_ms=as_ms)
    return strict_json(responses.encode_json(struct))


class TestEncoder:
    def test_a_column_is_written_as_python_writes_its_numbers(self):
        numbers = np.random.default_rng(0).normal(0, 1e9, 500) * 10.0 ** np.arange(-250, 250)
        struct = Columns(numbers, numbers > 0)
        assert json.loads(responses.encode_json(struct)) == {
            "numbers": numbers.tolist(),
            "flags": (numbers > 0).tolist(),
        }

    @pytest.mark.parametrize("step", [1, 2, -1])
    def test_a_column_may_be_a_slice(self, step):
        numbers = np.arange(10.0)[::step]
        assert strict_json(responses.encode_json({"a": numbers})) == {"a": numbers.tolist()}

    def test_numbers_that_are_not_finite_are_null(self):
        infinite = {"a": np.array([np.inf, -np.inf, np.nan]), "b": float("inf"), "c": np.float64("nan")}
        assert strict_json(responses.encode_json(infinite)) == {"a": [None, None, None], "b": None, "c": None}

    def test_numpy_numbers_are_numbers(self):
        assert strict_json(responses.encode_json({"a": np.int64(3), "b": np.float64(0.5), "c": np.bool_(True)})) == {
            "a": 3,
            "b": 0.5,
            "c": True,
        }

    def test_values_without_json_form_are_refused(self):
        with pytest.raises(TypeError):
            responses.encode_json({"a": object()})


class TestTimes:
    def test_a_time_is_written_as_text_or_ms(self):
        assert format_time(1_772_360_100_500, as_ms=False) == "2026-03-01T10:15:00.500Z"
        assert format_time(1_772_360_100_500, as_ms=True) == 1_772_360_100_500

    def test_no_time_stays_none(self):
        assert format_time(None, as_ms=False) is None


class TestDetection:
    def test_an_unknown_number_is_null(self):
        response = response_of(table(), detection())
        assert response["values"] == [1.0, None, 0.1, 9.5]
        assert response["score"] == [None, None, 0.5, 8.0]
        assert response["lower"] == [None, -1.0, -1.0, -1.0]
        assert response["upper"] == [None, 3.0, 3.0, 3.0]

    def test_it_holds_how_the_input_was_parsed(self):
        response = response_of(table(repairs=(Repair("units", "Units were taken off.", 2, (3, 4)),)), detection())
        assert (response["name"], response["column"], response["columns"]) == ("a file", "kW", ["kW", "rpm"])
        assert response["time_column"] == "when"
        assert response["repairs"] == [
            {"code": "units", "message": "Units were taken off.", "count": 2, "lines": [3, 4]}
        ]

    def test_its_summary_counts(self):
        assert response_of(table(), detection())["summary"] == {
            "points": 4,
            "missing": 1,
            "anomalies": 1,
            "events": 1,
            "warm_up": 1,
            "period": None,
            "notes": [],
            "seconds": SECONDS,
        }

    def test_an_event_has_the_times_of_its_first_last_and_highest_point(self):
        (event,) = response_of(table(), detection(score=(np.nan, np.nan, 5.0, 8.0)))["events"]
        assert (event["start"], event["stop"], event["peak"]) == (2, 4, 3)
        assert event["start_time"] == "2026-01-01T00:02:00Z"
        assert event["stop_time"] == event["peak_time"] == "2026-01-01T00:05:00Z"
        assert (event["direction"], event["severity"], event["value"], event["expected"]) == ("above", 2.0, 9.5, 1.0)

    def test_times_as_milliseconds_everywhere(self):
        response = response_of(table(), detection(), as_ms=True)
        assert response["times"][0] == 1767225600000
        assert response["events"][0]["peak_time"] == 1767225600000 + 300_000

    def test_a_series_without_times_has_none(self):
        response = response_of(table(None), detection(None))
        assert response["times"] is None
        assert response["events"][0]["start_time"] is None


class TestParsedSeries:
    def test_it_counts_gaps_and_missing_values(self):
        parsed = ParsedSeries.from_table(table(), as_ms=False)
        assert (parsed.column, parsed.points, parsed.missing, parsed.gaps, parsed.step_seconds) == ("kW", 4, 1, 1, 60.0)
        assert (parsed.start, parsed.stop) == ("2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z")

    def test_without_times_it_has_no_start_step_or_gaps(self):
        parsed = ParsedSeries.from_table(table(None), as_ms=False)
        assert (parsed.start, parsed.stop, parsed.step_seconds, parsed.gaps) == (None, None, None, 0)

    @pytest.mark.parametrize("n", [0, 1])
    def test_it_may_have_no_points(self, n):
        short = Table("", TIMES[:n], {"value": VALUES[:n]})
        assert ParsedSeries.from_table(short, as_ms=False).points == n


class TestCsv:
    def test_a_detection_is_a_row_a_point(self):
        assert b"".join(responses.detection_csv(detection())).decode().splitlines() == [
            "time,value,expected,lower,upper,score,is_anomaly",
            "2026-01-01T00:00:00Z,1.0,,,,,0",
            "2026-01-01T00:01:00Z,,1.0,-1.0,3.0,,0",
            "2026-01-01T00:02:00Z,0.1,1.0,-1.0,3.0,0.5,0",
            "2026-01-01T00:05:00Z,9.5,1.0,-1.0,3.0,8.0,1",
        ]

    @pytest.mark.parametrize("n", [0, 1])
    def test_a_detection_may_have_no_points(self, n):
        short = DetectionResult(Series(TIMES[:n], VALUES[:n]), VALUES[:n], VALUES[:n], VALUES[:n], 4.0)
        assert b"".join(responses.detection_csv(short)).count(b"\n") == n + 1

    def test_points_are_counted_where_there_are_no_times(self):
        assert b"".join(responses.detection_csv(detection(None))).splitlines()[1].startswith(b"0,1.0,")

    def test_numbers_are_exact(self):
        values = np.random.default_rng(0).normal(0, 1e9, 500) * 10.0 ** np.arange(-250, 250)
        result = DetectionResult(Series(None, values), values, values, values, 1.0)
        text = b"".join(responses.detection_csv(result)).decode()
        assert [float(line.split(",")[1]) for line in text.splitlines()[1:]] == values.tolist()

    def test_a_demo_has_labels(self):
        generated = demo(points=400)
        lines = b"".join(responses.demo_csv(generated)).decode().splitlines()
        assert lines[0] == "time,value,label"
        assert [int(line.split(",")[2]) for line in lines[1:]] == generated.labels.astype(int).tolist()
