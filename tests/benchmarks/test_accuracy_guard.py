"""A small, fixed part of the accuracy benchmark, so that no refactoring loses accuracy unnoticed.

VUS-PR and number of events of each detector, fitted on and detecting in the same series. A change that is meant to move
them changes the table in the same commit, with `./run bench accuracy` before and after in its body.
"""

import pytest

from benchmarks.accuracy import labelled_series, vus_pr, vus_window
from data_generation import demo
from detectors.registry import DETECTORS
from tests import real_series

POINTS = 2000
SEED = 7
TOLERANCE = 0.005
"""VUS-PR that another processor's rounding may move."""

DEMO = {
    "auto": {
        "seasonal": (0.9923, 6),
        "trend": (0.9666, 5),
        "business_hours": (0.9833, 4),
        "counts": (0.9373, 4),
        "heartbeat": (0.9602, 4),
        "random_walk": (0.9392, 6),
        "machine_temperature": (0.9630, 8),
    },
    "lstm": {
        "seasonal": (0.7658, 6),
        "trend": (0.6096, 3),
        "business_hours": (0.7659, 5),
        "counts": (0.7340, 3),
        "heartbeat": (0.5708, 3),
        "random_walk": (0.6383, 5),
        "machine_temperature": (0.8328, 4),
    },
    "rolling_zscore": {
        "seasonal": (0.2349, 1),
        "trend": (0.4004, 4),
        "business_hours": (0.2704, 8),
        "counts": (0.2047, 1),
        "heartbeat": (0.1260, 3),
        "random_walk": (0.1648, 7),
        "machine_temperature": (0.3430, 5),
    },
}
REAL = {
    "auto": {
        "nab/realAdExchange/exchange-2_cpc_results.csv": (0.0763, 2),
        "nab/realTraffic/speed_7578.csv": (0.7788, 0),
        "labelled/msl_T-9.csv.gz": (0.8547, 7),
    },
    "lstm": {
        "nab/realAdExchange/exchange-2_cpc_results.csv": (0.0881, 0),
        "nab/realTraffic/speed_7578.csv": (0.4354, 0),
        "labelled/msl_T-9.csv.gz": (0.7833, 4),
    },
    "rolling_zscore": {
        "nab/realAdExchange/exchange-2_cpc_results.csv": (0.1066, 0),
        "nab/realTraffic/speed_7578.csv": (0.2449, 7),
        "labelled/msl_T-9.csv.gz": (0.1327, 7),
    },
}


def cases(table):
    return [
        pytest.param(detector, name, vus, events, id=f"{detector}-{name}")
        for detector, expected in table.items()
        for name, (vus, events) in expected.items()
    ]


def check(detector, series, labels, vus, events):
    detection = DETECTORS[detector].fit(series).detect_offline(series)
    assert vus_pr(detection.severity, labels, vus_window(series.values)) >= vus - TOLERANCE
    assert len(detection.events) == events


@pytest.mark.parametrize(("detector", "kind", "vus", "events"), cases(DEMO))
def test_demo_series(detector, kind, vus, events):
    generated = demo(kind, points=POINTS, seed=SEED)
    check(detector, generated.series, generated.labels, vus, events)


@pytest.mark.parametrize(("detector", "file", "vus", "events"), cases(REAL))
def test_real_series(detector, file, vus, events):
    if not real_series.DATA.exists():
        pytest.skip(real_series.MISSING)
    [one] = labelled_series([file])
    check(detector, one.series, one.labels, vus, events)


def test_the_guard_fails_where_accuracy_is_lost():
    generated = demo("seasonal", points=POINTS, seed=SEED)
    vus, events = DEMO["rolling_zscore"]["seasonal"]
    with pytest.raises(AssertionError):
        check("rolling_zscore", generated.series, generated.labels, vus + 2 * TOLERANCE, events)
    with pytest.raises(AssertionError):
        check("rolling_zscore", generated.series, generated.labels, vus, events + 1)
