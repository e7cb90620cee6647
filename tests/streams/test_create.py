"""Many streams are made at once: those that exist are left as they are."""

import numpy as np

from streams.streams import DEFAULT_DETECTOR


def test_streams_are_made_with_the_defaults(streams):
    names = [f"s{k}" for k in range(1200)]
    assert streams.make(names) == {}
    assert [streams.get(name).name for name in names[::300]] == names[::300]
    one = streams.get("s7")
    assert (one.detector, one.points, one.state) == (DEFAULT_DETECTOR, 0, "warming_up")
    assert one.params == streams.put("put").params
    assert streams.push("s7", None, [1.0, 2.0]).cursor == 2


def test_a_stream_that_exists_stays_as_it_is(streams):
    streams.put("a", "rolling_zscore", {"window": 7}, capacity=50)
    streams.push("a", None, [1.0] * 9)
    assert streams.make(["a", "b"]) == {}
    told = streams.get("a")
    assert (told.detector, told.params["window"], told.capacity, told.cursor) == ("rolling_zscore", 7, 50, 9)
    assert streams.push("a", None, [1.0]).cursor == 10


def test_what_cannot_be_made_is_told_by_name(open_streams):
    streams = open_streams(most=3)  # the demo stream is one
    refused = streams.make(["", "a", "b", "c"])
    assert set(refused) == {"", "c"}
    assert "1 to 500 characters" in refused[""].message
    assert "3 streams already" in refused["c"].message


def test_streams_that_were_made_are_there_after_a_restart(open_streams):
    streams = open_streams()
    streams.make(["a", "b"])
    streams.push("b", None, [1.0, 2.0])
    streams.stop()
    again = open_streams()
    np.testing.assert_array_equal(again.read("b", 0).values, [1.0, 2.0])
    assert again.get("a").points == 0
