"""Points as bytes: the present encoding, and decoding of the first version's."""

import numpy as np

from events.scored_points import COLUMNS, ScoredPoints
from store.codec import POINT, decode_points, encode_points, from_points, to_points

FIRST_VERSION = "<q", "<d", "<d", "<d", "<d", "<d", "u1", "u1"
"""Schema 0001: time, value, expected, lower, upper, score, is_anomaly, judged_by; nothing between them."""


def test_points_round_trip_through_bytes():
    original = ScoredPoints(
        times=np.array([5, 60_000], "datetime64[ms]"),
        values=np.array([1.5, np.nan]),
        expected=np.array([1.25, np.nan]),
        lower=np.array([1.0, -np.inf]),
        upper=np.array([2.0, np.inf]),
        score=np.array([3.5, np.nan]),
        is_anomaly=np.array([True, False]),
        judged_by=("b", None),
        confidence=np.array([0.75, np.nan]),
        late=np.array([False, True]),
        cursor=7,
    )
    data = encode_points(to_points(original, ("a", "b")))
    decoded = from_points(decode_points(data, 2), ("a", "b"), 7, timed=True)
    assert (decoded.judged_by, decoded.cursor, len(data)) == (original.judged_by, 7, 2 * 59)
    np.testing.assert_array_equal(decoded.times, original.times)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(decoded, name), getattr(original, name))
        assert getattr(decoded, name).dtype == getattr(original, name).dtype


def test_bytes_of_the_first_version_are_decoded():
    rows = [(60_000, 1.5, 1.25, 1.0, 2.0, 3.5, 1, 1), (120_000, np.nan, np.nan, np.nan, np.nan, np.nan, 0, 255)]
    data = b"".join(
        np.array(part, kind).tobytes() for row in rows for part, kind in zip(row, FIRST_VERSION, strict=True)
    )
    assert len(data) == 2 * 50
    points = decode_points(data, 2)
    assert points.dtype == POINT
    decoded = from_points(points, ("a", "b"), 2, timed=True)
    assert decoded.times.astype(int).tolist() == [60_000, 120_000]
    assert (decoded.values[0], decoded.score[0], decoded.upper[0]) == (1.5, 3.5, 2.0)
    assert (decoded.is_anomaly.tolist(), decoded.judged_by) == ([True, False], ("b", None))
    assert np.isnan(decoded.confidence).all()
    assert not decoded.late.any()
