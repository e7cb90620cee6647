"""Invariants of every detection response, for any input and detector."""

import json
import math

COLUMNS = ("values", "expected", "lower", "upper", "score", "is_anomaly")


def strict_json(data):
    """Parses standard JSON: NaN and Infinity are refused."""

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(data, parse_constant=refuse)


def check_error(response, status, code):
    """Checks the shape of an error response. Returns its `error`."""
    assert response.status_code == status, response.data[:500]
    assert response.mimetype == "application/json"
    result = strict_json(response.data)
    assert list(result) == ["error"]
    assert sorted(result["error"]) == ["code", "detail", "message"]
    assert result["error"]["code"] == code
    assert "Traceback" not in result["error"]["message"]
    assert result["error"]["message"].endswith((".", "?", ")", "…"))
    assert isinstance(result["error"]["detail"], dict)
    return result["error"]


def check_detection(result, values=None):
    """Raises AssertionError unless all invariants hold; `values` are the numbers sent, None where missing."""
    n = result["summary"]["points"]
    assert {len(result[name]) for name in COLUMNS} == {n}
    assert result["times"] is None or len(result["times"]) == n
    assert values is None or result["values"] == values
    check_points(result)
    check_events(result)
    summary = result["summary"]
    assert summary["missing"] == result["values"].count(None)
    assert summary["anomalies"] == sum(result["is_anomaly"])
    assert summary["events"] == len(result["events"])
    unscored = sum(s is None and v is not None for s, v in zip(result["score"], result["values"], strict=True))
    assert summary["warm_up"] == unscored
    assert all(seconds >= 0 for seconds in summary["seconds"].values())


def check_points(result):
    """Each point is flagged exactly where its score is above the threshold; missing points have no score. A scored
    point has an expected value, unless the detector gives none at all."""
    expects = any(expected is not None for expected in result["expected"])
    for value, expected, lower, upper, score, flag in zip(*(result[name] for name in COLUMNS), strict=True):
        assert flag == (score is not None and score > result["threshold"])
        assert score is None or (score >= 0 and value is not None and (expected is not None) == expects)
        assert lower is None or upper is None or lower <= upper
        assert expected is None or lower is None or lower <= expected
        assert expected is None or upper is None or expected <= upper


def check_events(result):
    """Each event begins, ends and peaks on flagged points; together they hold every flagged point once."""
    flags, covered = result["is_anomaly"], 0
    last_stop = 0
    for event in result["events"]:
        start, stop, peak = event["start"], event["stop"], event["peak"]
        assert last_stop <= start <= peak < stop <= len(flags)
        assert flags[start] and flags[stop - 1] and flags[peak]
        scores = [result["score"][i] for i in range(start, stop) if flags[i]]
        assert event["top_scorer"] is not None or result["score"][peak] == max(scores)
        assert math.isclose(event["severity"], max(scores) / result["threshold"], rel_tol=1e-12)
        assert event["value"] == result["values"][peak]
        assert event["expected"] == result["expected"][peak]
        if event["expected"] is None:
            assert event["direction"] == "shape"
        elif event["top_scorer"] is None:
            assert event["direction"] == ("above" if event["value"] > event["expected"] else "below")
        else:
            assert event["direction"] in ("above", "below", "shape")
        for word, at in (("start_time", start), ("stop_time", stop - 1), ("peak_time", peak)):
            assert event[word] == (result["times"][at] if result["times"] else None)
        covered += sum(flags[start:stop])
        last_stop = stop
    assert covered == sum(flags)
