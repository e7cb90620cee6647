"""Two services on one database: what they push is neither lost nor mixed, though one of them may have to push again."""

import numpy as np
import pytest

from streams import WriteFailed


def test_points_of_two_services_follow_one_another(open_streams):
    services = [open_streams(), open_streams()]
    services[0].put("s", "rolling_zscore")
    refused, sent = 0, 0
    for k in range(30):
        service = services[k % 3 % 2]
        try:
            sent = service.push("s", None, [float(sent + 1), float(sent + 2)]).cursor
        except WriteFailed:
            refused += 1
            sent = service.push("s", None, [float(sent + 1), float(sent + 2)]).cursor
    assert refused
    assert sent == 60
    for service in services:
        kept = service.store.read(service.store.stream("s"), 0, 100)
        np.testing.assert_array_equal(kept.values, np.arange(1.0, 61))


def test_a_stream_that_another_service_deleted_takes_no_points(open_streams):
    one, other = open_streams(), open_streams()
    one.put("s", "rolling_zscore")
    one.push("s", None, [1.0])
    other.delete("s")
    with pytest.raises(WriteFailed):
        one.push("s", None, [2.0])
