"""Many streams are created by one call; existing ones do not change."""

import numpy as np

from streams.streams import DEFAULT_DETECTOR


def test_streams_are_created_with_the_defaults(streams):
    names = [f"s{k}" for k in range(1200)]
    assert streams.create_many(names) == {}
    assert [streams.get(name).name for name in names[::300]] == names[::300]
    info = streams.get("s7")
    assert (info.detector, info.points, info.state) == (DEFAULT_DETECTOR, 0, "warming_up")
    assert info.params == streams.put("put").params
    assert streams.push("s7", None, [1.0, 2.0]).cursor == 2


def test_a_stream_that_exists_stays_as_it_is(streams):
    streams.put("a", "rolling_zscore", {"window": 7}, capacity=50)
    streams.push("a", None, [1.0] * 9)
    assert streams.create_many(["a", "b"]) == {}
    info = streams.get("a")
    assert (info.detector, info.params["window"], info.capacity, info.cursor) == ("rolling_zscore", 7, 50, 9)
    assert streams.push("a", None, [1.0]).cursor == 10


def test_the_error_of_each_refused_name_is_returned(open_streams):
    streams = open_streams(max_streams=3)  # the demo stream is one
    refused = streams.create_many(["", "a", "b", "c"])
    assert set(refused) == {"", "c"}
    assert "1 to 500 characters" in refused[""].message
    assert "3 streams already" in refused["c"].message


def test_created_streams_exist_after_a_restart(open_streams):
    streams = open_streams()
    streams.create_many(["a", "b"])
    streams.push("b", None, [1.0, 2.0])
    streams.stop()
    restarted = open_streams()
    np.testing.assert_array_equal(restarted.read("b", 0).values, [1.0, 2.0])
    assert restarted.get("a").points == 0
