"""Two services on one database: points are neither lost nor mixed, though a push may have to be repeated."""

import numpy as np
import pytest

from streams import WriteFailed


def test_points_of_two_services_are_all_stored(open_streams):
    services = [open_streams(), open_streams()]
    services[0].put("s", "rolling_zscore")
    refused = 0
    sent = 0
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
        stored = service.store.read(service.store.stream("s"), 0, 100)
        np.testing.assert_array_equal(stored.values, np.arange(1.0, 61))


def test_a_push_to_a_stream_deleted_by_another_service_fails(open_streams):
    one, other = open_streams(), open_streams()
    one.put("s", "rolling_zscore")
    one.push("s", None, [1.0])
    other.delete("s")
    with pytest.raises(WriteFailed):
        one.push("s", None, [2.0])
