"""Answers: the columns that JSON and CSV are written from."""

import json

import numpy as np
import pytest

from anomaly_detection import Detection
from api import responses
from data_generation import demo
from timeseries import Repair, Series, Table

TIMES = np.array(["2026-01-01T00:00", "2026-01-01T00:01", "2026-01-01T00:02", "2026-01-01T00:05"], "datetime64[ms]")
VALUES = np.array([1.0, np.nan, 0.1, 9.5])


def table(times=TIMES, **facts):
    return Table("a file", times, {"kW": VALUES, "rpm": VALUES * 2}, "when", **facts)


def detection(times=TIMES, score=(np.nan, np.nan, 0.5, 8.0)):
    series = table(times).series()
    return Detection(series, np.array([np.nan, 1.0, 1.0, 1.0]), np.full(4, 2.0), np.array(score), 4.0, {"window": 3})


def strict(data):
    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    return json.loads(data, parse_constant=refuse)


def test_an_unknown_number_is_null():
    told = strict(responses.to_json(responses.of_detection(table(), detection(), {"read": 0.1})))
    assert told["values"] == [1.0, None, 0.1, 9.5]
    assert told["score"] == [None, None, 0.5, 8.0]
    assert told["lower"] == [None, -1.0, -1.0, -1.0]
    assert told["upper"] == [None, 3.0, 3.0, 3.0]


def test_infinity_is_null():
    assert strict(responses.to_json({"a": np.array([np.inf, -np.inf]), "b": float("inf")})) == {
        "a": [None, None],
        "b": None,
    }


def test_what_was_read_is_told_beside_the_judgement():
    repaired = table(repairs=(Repair("units", "Units were taken off.", 2, (3, 4)),))
    told = responses.of_detection(repaired, detection(), {"read": 0.1})
    assert (told["name"], told["column"], told["columns"], told["time_column"]) == (
        "a file",
        "kW",
        ["kW", "rpm"],
        "when",
    )
    assert told["repairs"] == [{"code": "units", "message": "Units were taken off.", "count": 2, "lines": [3, 4]}]
    assert told["summary"] == {
        "points": 4,
        "missing": 1,
        "anomalies": 1,
        "events": 1,
        "warm_up": 1,
        "period": None,
        "notes": [],
        "seconds": {"read": 0.1},
    }


def test_an_event_tells_the_times_of_its_first_last_and_highest_point():
    (event,) = responses.of_detection(table(), detection(score=(np.nan, np.nan, 5.0, 8.0)), {})["events"]
    assert (event["start"], event["stop"], event["peak"]) == (2, 4, 3)
    assert event["start_time"] == "2026-01-01T00:02:00Z"
    assert event["stop_time"] == event["peak_time"] == "2026-01-01T00:05:00Z"
    assert (event["direction"], event["severity"], event["value"], event["expected"]) == ("above", 2.0, 9.5, 1.0)


def test_times_as_milliseconds_everywhere():
    told = responses.of_detection(table(), detection(), {}, as_ms=True)
    assert told["times"][0] == 1767225600000
    assert told["events"][0]["peak_time"] == 1767225600000 + 300_000


def test_a_series_without_times_has_none():
    told = responses.of_detection(table(None), detection(None), {})
    assert told["times"] is None
    assert told["events"][0]["start_time"] is None


def test_reading_counts_gaps_and_missing_values():
    told = responses.of_table(table(), table().series("rpm"))
    assert (told["column"], told["points"], told["missing"], told["gaps"], told["step_seconds"]) == (
        "rpm",
        4,
        1,
        1,
        60.0,
    )
    assert (told["start"], told["stop"]) == ("2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z")


def test_reading_without_times_knows_no_start_step_or_gaps():
    told = responses.of_table(table(None), table(None).series())
    assert (told["start"], told["stop"], told["step_seconds"], told["gaps"]) == (None, None, None, 0)


@pytest.mark.parametrize("n", [0, 1])
def test_hardly_any_points(n):
    series = Series(TIMES[:n], VALUES[:n])
    few = Table("", series.times, {"value": series.values})
    assert responses.of_table(few, series)["points"] == n
    judged = Detection(series, VALUES[:n], VALUES[:n], VALUES[:n], 4.0)
    assert b"".join(responses.detection_csv(judged)).count(b"\n") == n + 1


def test_csv_of_a_detection():
    assert b"".join(responses.detection_csv(detection())).decode().splitlines() == [
        "time,value,expected,lower,upper,score,is_anomaly",
        "2026-01-01T00:00:00Z,1.0,,,,,0",
        "2026-01-01T00:01:00Z,,1.0,-1.0,3.0,,0",
        "2026-01-01T00:02:00Z,0.1,1.0,-1.0,3.0,0.5,0",
        "2026-01-01T00:05:00Z,9.5,1.0,-1.0,3.0,8.0,1",
    ]


def test_csv_counts_points_where_there_are_no_times():
    assert b"".join(responses.detection_csv(detection(None))).splitlines()[1].startswith(b"0,1.0,")


def test_csv_numbers_are_exact():
    values = np.random.default_rng(0).normal(0, 1e9, 500) * 10.0 ** np.arange(-250, 250)
    text = b"".join(responses.detection_csv(Detection(Series(None, values), values, values, values, 1.0))).decode()
    assert [float(line.split(",")[1]) for line in text.splitlines()[1:]] == values.tolist()


def test_csv_of_a_demo_has_labels():
    made = demo(points=400)
    lines = b"".join(responses.demo_csv(made)).decode().splitlines()
    assert lines[0] == "time,value,label"
    assert [int(line.split(",")[2]) for line in lines[1:]] == made.labels.astype(int).tolist()
