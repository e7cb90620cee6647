"""Line protocol: accepted and refused lines, against a naive reader and InfluxDB's own client."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from influxdb_client.client.write.point import Point

from errors import BadParameter
from readers.line_protocol import MAX_ERRORS, MAX_QUOTE_LENGTH, NANOSECONDS, parse, stream_name
from tests.readers.naive_line_protocol import naive_parse

NOW = 1_767_225_600_000


def streams(body, **facts):
    """Stream name to its times and values."""
    parsed = parse(body if isinstance(body, bytes) else body.encode(), now_ms=NOW, **facts)
    assert parsed.errors == []
    return {name: list(zip(points.times, points.values, strict=True)) for name, points in parsed.streams.items()}


def refusals(body):
    return [(error.line, error.reason) for error in parse(body, now_ms=NOW).errors]


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("cpu usage=1.5", "cpu.usage", 1.5),
        ("cpu,host=b,core=0 usage=1", "cpu.usage{core=0,host=b}", 1.0),
        (r"room\ 1\,left temp=-3e-1", "room 1,left.temp", -0.3),
        (r"m,a\=b=c\ d f\,g=1", r"m.f,g{a\=b=c d}", 1.0),
        (r"m\x v=1", r"m\\x.v", 1.0),
        ("°C,entity_id=küche value=21.4", "°C.value{entity_id=küche}", 21.4),
        ("a.b c=1", "a.b.c", 1.0),
        ("a b.c=1", r"a.b\.c", 1.0),
        ("m v=17i", "m.v", 17.0),
        ("m v=-9223372036854775808i", "m.v", float(-(2**63))),
        ("m v=18446744073709551615u", "m.v", float(2**64)),
        ("m v=+.5", "m.v", 0.5),
        ("m v=1.", "m.v", 1.0),
        ("m v=t", "m.v", 1.0),
        ("m v=FALSE", "m.v", 0.0),
        ("m v=1,v=2", "m.v", 2.0),  # InfluxDB keeps the last
        ('m s="a, b = \\" # \n c",v=3', "m.v", 3.0),
        ("  m   v=1   \r", "m.v", 1.0),
    ],
)
def test_a_line_is_parsed(line, name, value):
    assert streams(line) == {name: [(NOW, value)]}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",a=b v=1", "missing measurement"),
        ("m", "missing fields"),
        ("m,a=b ", "missing fields"),
        ("m, v=1", "missing tag key"),
        ("m,=b v=1", "missing tag key"),
        ("m,a v=1", "missing tag value"),
        ("m,a= v=1", "missing tag value"),
        ("m,a=b=c v=1", "invalid tag format"),
        ("m,a=b,a=c v=1", "duplicate tags"),
        ("m =1", "missing field key"),
        ("m v=1,", "missing field key"),
        ("m v", "invalid field format"),
        (r"m a\=1", "invalid field format"),
        ("m v=", "missing field value"),
        ("m v=1,w=", "missing field value"),
        ('m v="abc', "unbalanced quotes"),
        ('m v="a"b', "invalid field format"),
        ('m v=a"b"', "invalid field format"),
        ("m v=abc", "invalid field value abc"),
        ("m v=NaN", "invalid field value NaN"),
        ("m v=Inf", "invalid field value Inf"),
        ("m v=0x1f", "invalid field value 0x1f"),
        ("m v=1_000", "invalid field value 1_000"),
        ("m v=٣", "invalid field value ٣"),
        ("m v=1.5i", "invalid field value 1.5i"),
        ("m v=1e999", "value out of range: 1e999"),
        ("m v=9223372036854775808i", "value out of range"),
        ("m v=-1u", "value out of range"),
        ("m v=1 yesterday", "bad timestamp"),
        ("m v=1 1.5", "bad timestamp"),
        ("m v=1 1 2", "bad timestamp"),
        ("m v=1 9223372036854775807", "time outside range"),
        ("m v=1 " + "9" * 5000, "time outside range"),
    ],
)
def test_a_refused_line_has_influxdbs_message_and_affects_no_other(line, reason):
    parsed = parse(f"before v=1\n{line}\nafter v=2".encode(), now_ms=NOW)
    assert [error.line for error in parsed.errors] == [2]
    assert parsed.errors[0].reason.startswith(reason)
    assert set(parsed.streams) == {"before.v", "after.v"}


def test_bytes_that_are_not_utf8_refuse_only_their_line():
    parsed = parse(b"a v=1\nb\xff v=1\nc v=\xfe\nd v=1", now_ms=NOW)
    result = [(error.line, error.reason, error.text) for error in parsed.errors]
    assert result == [(2, "not UTF-8", "b? v=1"), (3, "not UTF-8", "c v=?")]
    assert set(parsed.streams) == {"a.v", "d.v"}


def test_comments_and_empty_lines_are_counted_but_not_read():
    assert refusals(b"# all\n\n  # of it\r\n \t\r\nm v=1\nbad\n") == [(6, "missing fields")]


def test_a_text_of_many_lines_is_one_line_of_many_numbers():
    body = b'log msg="first\nsecond\nthird",level=3i 1\nbad\nm v=1 2'
    parsed = parse(body, now_ms=NOW, precision="ms")
    assert refusals(body) == [(4, "missing fields")]
    assert parsed.texts == 1
    assert parsed.streams["log.level"].lines == [1]
    assert parsed.streams["m.v"].lines == [5]


def test_points_of_a_stream_are_in_the_order_of_their_lines():
    assert streams("m v=1 30\nn v=5 1\nm v=2 10\nm v=3 30", precision="ms") == {
        "m.v": [(30, 1.0), (10, 2.0), (30, 3.0)],
        "n.v": [(1, 5.0)],
    }


@pytest.mark.parametrize(
    ("precision", "stamp", "milliseconds"),
    [
        ("ns", 1465839830100400200, 1465839830100),
        ("n", 1999999, 1),
        ("us", 1465839830100400, 1465839830100),
        ("u", 1999, 1),
        ("µ", -1, -1),  # rounded down, before 1970 as after
        ("ms", 7, 7),
        ("s", 7, 7_000),
        ("m", 7, 420_000),
        ("h", 7, 25_200_000),
    ],
)
def test_precisions(precision, stamp, milliseconds):
    assert streams(f"m v=1 {stamp}", precision=precision) == {"m.v": [(milliseconds, 1.0)]}


def test_every_precision_is_tried_above():
    assert set(NANOSECONDS) == {"ns", "n", "us", "u", "µ", "ms", "s", "m", "h"}
    with pytest.raises(BadParameter, match="precision must be one of"):
        parse(b"", now_ms=NOW, precision="d")


def test_errors_are_bounded_in_number_and_length():
    parsed = parse(b"\n".join([b"x" * 10_000] * (MAX_ERRORS + 50)), now_ms=NOW)
    assert (len(parsed.errors), parsed.refused) == (MAX_ERRORS, MAX_ERRORS + 50)
    assert len(parsed.errors[0].text) == MAX_QUOTE_LENGTH + 1


TEXTS = st.text(st.sampled_from("ab.,= {}\\é°\"'#"), min_size=1, max_size=6)


@given(TEXTS, TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=3), TEXTS, TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=3))
@example("a.b", "c", {}, "a", "b.c", {})
@example("a", "b", {"c": "d,e=f"}, "a", "b", {"c": "d", "e": "f"})
def test_two_series_never_share_a_stream(measurement, key, tags, other, other_key, other_tags):
    same_series = (measurement, key, tags) == (other, other_key, other_tags)
    assert (stream_name(measurement, key, tags) == stream_name(other, other_key, other_tags)) == same_series


NAMES = st.text(st.characters(codec="utf-8", exclude_characters='\n\\"\r\t#'), min_size=1, max_size=8)
FIELDS = st.dictionaries(
    NAMES,
    st.one_of(
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(-(2**53), 2**53),
        st.booleans(),
        st.text(st.characters(codec="utf-8"), max_size=10),
    ),
    min_size=1,
    max_size=4,
)


@given(NAMES, st.dictionaries(NAMES, NAMES, max_size=3), FIELDS, st.integers(-(2**62), 2**62))
def test_lines_of_influxdbs_client_are_read_back(measurement, tags, fields, stamp):
    point = Point(measurement).time(stamp)
    for key, value in tags.items():
        point.tag(key, value)
    for key, value in fields.items():
        point.field(key, value)
    expected = {
        stream_name(measurement, key, tags): [(stamp // 1_000_000, float(value))]
        for key, value in fields.items()
        if not isinstance(value, str)
    }
    assert streams(point.to_line_protocol()) == expected


HOSTILE = st.lists(
    st.sampled_from(
        [
            "m",
            "n",
            " v=1",
            ",a=b",
            ",",
            "=",
            " ",
            "\\",
            '"',
            '"x"',
            "\n",
            "\r",
            "\t",
            "#",
            "1",
            "-2",
            "i",
            "u",
            "t",
            "é",
        ]
    ),
    max_size=14,
).map("".join)


@given(st.one_of(HOSTILE, st.text(max_size=30).filter(lambda text: text.isascii())))
@example('m v="\nn v=1,w="\n x=2')
@example('m,a=b,a=c v="\n",w=1')
def test_the_fast_reader_equals_the_naive_one(text):
    good, bad = naive_parse(text)
    parsed = parse(text.encode(), now_ms=NOW, precision="ms")
    assert [error.line for error in parsed.errors] == bad
    expected = {}
    for line, measurement, tags, fields, stamp in good:
        for key, value in fields.items():
            if value is not None:
                point = (NOW if stamp is None else stamp, value, line)
                expected.setdefault(stream_name(measurement, key, tags), []).append(point)
    points = {name: list(zip(p.times, p.values, p.lines, strict=True)) for name, p in parsed.streams.items()}
    assert points == expected


@pytest.mark.parametrize(
    "part",
    [
        *(b'm v="\n', b'm a=x",b="\n', b'm",b=" c=",d=",e="\n', b'm v="\\\n', b'="', b'm c"=1,b="\n', b'm a="x",b="\n'),
        *(b"\\ ", b"m,", b"m v=1,", b" ", b"\t\r", b"m v=1" + b" " * 50 + b"x\n", b"m \\\n", b'a b="",', b"#", b"\\"),
    ],
)
def test_hostile_bodies_take_no_longer_than_their_length_allows(part):
    def seconds(size):
        start = time.process_time()
        parse(part * (size // len(part)), now_ms=NOW)
        return time.process_time() - start

    assert seconds(400_000) < 1 + 40 * seconds(40_000)  # quadratic would be 100 times, on any machine
