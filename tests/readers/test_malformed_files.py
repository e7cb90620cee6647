"""Malformed files from practice, as bytes, each with the expected table or error."""

import gzip
import io
import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from errors import Ambiguous, BadInput, LimitExceeded, UnknownName, Unreadable
from readers import read_csv
from timeseries import Limits, format_times

NAN = math.nan
D = "2026-03-01T00:0{}:00Z"
MINUTES = [D.format(i) for i in range(3)]


@dataclass
class Reads:
    """A file that is read: its times, its columns, the codes of its repairs with count and first lines."""

    data: bytes
    times: list[str] | None
    columns: Mapping[str, Sequence[float]]
    repairs: list[tuple[str, int, tuple[int, ...]]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    time_column: str | None = None


@dataclass
class Refused:
    """A file that is refused: the kind of error, its line, and words of its message."""

    data: bytes
    error: type[BadInput]
    line: int | None
    words: str
    options: dict[str, Any] = field(default_factory=dict)


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


PLAIN = b"time,value\n2026-03-01 00:00,1\n2026-03-01 00:01,2.5\n2026-03-01 00:02,\n"
PLAIN_COLUMNS = {"value": [1, 2.5, NAN]}

READ = {
    "plain": Reads(PLAIN, MINUTES, PLAIN_COLUMNS, time_column="time"),
    "no newline at the end": Reads(PLAIN.rstrip(b"\n") + b"3", MINUTES, {"value": [1, 2.5, 3]}),
    "crlf": Reads(PLAIN.replace(b"\n", b"\r\n"), MINUTES, PLAIN_COLUMNS),
    "lone cr": Reads(PLAIN.replace(b"\n", b"\r"), MINUTES, PLAIN_COLUMNS),
    "cr cr lf": Reads(PLAIN.replace(b"\n", b"\r\r\n"), MINUTES, PLAIN_COLUMNS),
    "utf-8 bom": Reads(b"\xef\xbb\xbf" + PLAIN, MINUTES, PLAIN_COLUMNS, time_column="time"),
    "utf-16 with bom": Reads(PLAIN.decode().encode("utf-16"), MINUTES, PLAIN_COLUMNS),
    "utf-16 big endian with bom": Reads(b"\xfe\xff" + PLAIN.decode().encode("utf-16-be"), MINUTES, PLAIN_COLUMNS),
    "utf-16 without bom": Reads(
        PLAIN.decode().encode("utf-16-le"), MINUTES, PLAIN_COLUMNS, [("encoding_assumed", 1, (1,))]
    ),
    "windows-1252": Reads(
        "Zeit;Kühlung °C\n2026-03-01 00:00;1,5\n2026-03-01 00:01;2,25\n".encode("cp1252"),
        MINUTES[:2],
        {"Kühlung °C": [1.5, 2.25]},
        [("encoding_assumed", 2, (1,))],
    ),
    "utf-8 names": Reads(
        "時刻,温度\n2026-03-01,1\n2026-03-02,2\n".encode(), None, {"温度": [1, 2]}, time_column="時刻"
    ),
    "gzip": Reads(gzip.compress(PLAIN), MINUTES, PLAIN_COLUMNS),
    "gzip of two members": Reads(gzip.compress(PLAIN[:40]) + gzip.compress(PLAIN[40:]), MINUTES, PLAIN_COLUMNS),
    "zip": Reads(_zip({"data.csv": PLAIN, "__MACOSX/data.csv": b"x"}), MINUTES, PLAIN_COLUMNS),
    "semicolon and decimal comma": Reads(
        b"Zeit;Wert\n01.03.2026 00:00;1,5\n01.03.2026 00:01;2,25\n", MINUTES[:2], {"Wert": [1.5, 2.25]}
    ),
    "tab": Reads(b"time\tvalue\n2026-03-01 00:00\t1\n2026-03-01 00:01\t2\n", MINUTES[:2], {"value": [1, 2]}),
    "pipe": Reads(b"time|value\n2026-03-01 00:00|1\n2026-03-01 00:01|2\n", MINUTES[:2], {"value": [1, 2]}),
    "sep line": Reads(b"sep=;\r\na;b\r\n1;2\r\n3;4\r\n", None, {"a": [1, 3], "b": [2, 4]}),
    "sep line settles comma": Reads(b"sep=;\nvalue\n1,5\n2,25\n", None, {"value": [1.5, 2.25]}),
    "comment lines": Reads(
        b"# made by logger 7\n#\ntime,value\n2026-03-01 00:00,1\n# pause\n2026-03-01 00:01,2\n",
        MINUTES[:2],
        {"value": [1, 2]},
        [("comment_lines", 3, (1, 2, 5))],
    ),
    "header in a comment": Reads(
        b"# time,load\n2026-03-01 00:00,1\n2026-03-01 00:01,2\n", MINUTES[:2], {"load": [1, 2]}, time_column="time"
    ),
    "blank lines": Reads(
        b"\n\ntime,value\n\n2026-03-01 00:00,1\n\n2026-03-01 00:01,2\n\n\n", MINUTES[:2], {"value": [1, 2]}
    ),
    "blank line in one column": Reads(b"value\n1\n\n3\n", None, {"value": [1, NAN, 3]}),
    "title before the table": Reads(
        b"Report of pump 3\n\ntime,value\n2026-03-01 00:00,1\n2026-03-01 00:01,2\n",
        MINUTES[:2],
        {"value": [1, 2]},
        [("lead_lines", 1, (1,))],
    ),
    "title padded with delimiters": Reads(
        b"Report;;\n;;\ntime;a;b\n2026-03-01 00:00;1;2\n2026-03-01 00:01;3;4\n",
        MINUTES[:2],
        {"a": [1, 3], "b": [2, 4]},
        [("lead_lines", 2, (1, 2))],
    ),
    "device lines before the table": Reads(
        b"Device;Pump 3\nSerial;123\ntime;value\n2026-03-01 00:00;1\n2026-03-01 00:01;2\n",
        MINUTES[:2],
        {"value": [1, 2]},
        [("lead_lines", 2, (1, 2))],
    ),
    "a line of units": Reads(
        b"time,power\nUTC,kW\n2026-03-01 00:00,1\n2026-03-01 00:01,2\n",
        MINUTES[:2],
        {"power": [1, 2]},
        [("lead_lines", 1, (2,))],
    ),
    "no header": Reads(
        b"2026-03-01 00:00,1\n2026-03-01 00:01,2\n", MINUTES[:2], {"value": [1, 2]}, time_column="column_1"
    ),
    "no header, two values": Reads(
        b"1.5,2\n3.5,4\n2.5,1\n", None, {"column_1": [1.5, 3.5, 2.5], "column_2": [2, 4, 1]}
    ),
    "one column": Reads(b"5\n6\n7\n", None, {"value": [5, 6, 7]}),
    "one column with decimal comma": Reads(b"value\n1,5\n2,25\n", None, {"value": [1.5, 2.25]}),
    "one value": Reads(b"5", None, {"value": [5]}),
    "quoted fields": Reads(
        b'"time","va""lue"\n"2026-03-01 00:00","1"\n"2026-03-01 00:01","2"\n', MINUTES[:2], {'va"lue': [1, 2]}
    ),
    "delimiter and newline in quotes": Reads(
        b'time,note,value\n2026-03-01 00:00,"a,b\nc",1\n2026-03-01 00:01,"x ""y""",2\n',
        MINUTES[:2],
        {"value": [1, 2]},
        [("text_column", 1, ())],
    ),
    "inch marks": Reads(
        b'time,size,value\n2026-03-01 00:00,5" disk,1\n2026-03-01 00:01,disk,2\n',
        MINUTES[:2],
        {"value": [1, 2]},
        [("text_column", 1, ())],
    ),
    "blanks around fields": Reads(
        b" time , value \n 2026-03-01 00:00 ,  1 \n2026-03-01 00:01,\t2\n", MINUTES[:2], {"value": [1, 2]}
    ),
    "units": Reads(
        b"time,power\n2026-03-01 00:00,12.3 kW\n2026-03-01 00:01,4 kW\n",
        MINUTES[:2],
        {"power": [12.3, 4]},
        [("unit_stripped", 2, (2, 3))],
    ),
    "percent": Reads(b"load\n45 %\n46%\n", None, {"load": [45, 46]}, [("unit_stripped", 2, (2, 3))]),
    "currency and thousands": Reads(
        b'price,n\n"$1,234.50",1\n"$999.00",5\n',
        None,
        {"price": [1234.5, 999], "n": [1, 5]},
        [("unit_stripped", 2, (2, 3))],
    ),
    "euro": Reads(
        "preis;n\n1.234,50 €;1\n9,99 €;5\n".encode(),
        None,
        {"preis": [1234.5, 9.99], "n": [1, 5]},
        [("unit_stripped", 2, (2, 3))],
    ),
    "thousands in quotes": Reads(b'a,b\n"1,234,567",1\n"999",3\n', None, {"a": [1234567, 999], "b": [1, 3]}),
    "thousands with blanks": Reads(
        "a;b\n1\u202f234,5;1\n2 000,25;3\n".encode(), None, {"a": [1234.5, 2000.25], "b": [1, 3]}
    ),
    "thousands with apostrophes": Reads(b"a;b\n1'234.5;1\n2'000;3\n", None, {"a": [1234.5, 2000], "b": [1, 3]}),
    "thousands points shown by another column": Reads(
        b"a;b\n1.234;1,5\n2.345;2,5\n", None, {"a": [1234, 2345], "b": [1.5, 2.5]}, [("decimal_mark_assumed", 1, ())]
    ),
    "comma that fits both, semicolons": Reads(
        b"a;b\n1,234;1\n2,345;5\n", None, {"a": [1.234, 2.345], "b": [1, 5]}, [("decimal_mark_assumed", 1, ())]
    ),
    "comma that fits both, quoted": Reads(
        b'a,b\n"1,234",1\n"2,345",5\n', None, {"a": [1234, 2345], "b": [1, 5]}, [("decimal_mark_assumed", 1, ())]
    ),
    "typeset minus": Reads("v\n−5\n−6.5\n".encode(), None, {"v": [-5, -6.5]}),
    "accountants' minus": Reads(b"v\n(5)\n6-\n+7\n", None, {"v": [-5, -6, 7]}),
    "missing markers": Reads(
        b"v,w\n1,1\nNA,1\nn/a,3\nnull,3\nNaN,3\n-,3\n#N/A,2\n?,2\nNone,2\n2,9\n",
        None,
        {"v": [1, *[NAN] * 8, 2], "w": [1, 1, 3, 3, 3, 3, 2, 2, 2, 9]},
    ),
    "infinite values": Reads(
        b"v\n1\ninf\n-Infinity\n1e999\n2\n", None, {"v": [1, NAN, NAN, NAN, 2]}, [("infinite_value", 3, (3, 4, 5))]
    ),
    "a stray word": Reads(
        b"v\n" + b"1\n" * 10 + b"error\n" + b"2\n" * 10,
        None,
        {"v": [1] * 10 + [NAN] + [2] * 10},
        [("not_a_number", 1, (12,))],
    ),
    "true and false": Reads(b"v,alarm\n1,true\n2,False\n", None, {"v": [1, 2], "alarm": [1, 0]}),
    "short rows": Reads(
        b"a,b,c\n1,2,3\n4\n5,6,7\n",
        None,
        {"a": [1, 4, 5], "b": [2, NAN, 6], "c": [3, NAN, 7]},
        [("short_rows", 1, (3,))],
    ),
    "a long row": Reads(
        b"a,b\n" + b"1,2\n" * 10 + b"3,4,5\n" + b"6,7\n" * 5,
        None,
        {"a": [1.0] * 10 + [6.0] * 5, "b": [2.0] * 10 + [7.0] * 5},
        [("long_rows", 1, (12,))],
    ),
    "delimiter at the end of rows": Reads(
        b"time;v;\n2026-03-01 00:00;1;\n2026-03-01 00:01;2;\n", MINUTES[:2], {"v": [1, 2]}
    ),
    "delimiter at the end of rows but the header": Reads(
        b"time;v\n2026-03-01 00:00;1;\n2026-03-01 00:01;2;\n", MINUTES[:2], {"v": [1, 2]}
    ),
    "row names without a header": Reads(
        b'"time","v"\n"1",2026-03-01 00:00,5\n"2",2026-03-01 00:01,6\n',
        MINUTES[:2],
        {"v": [5, 6]},
        [("index_column", 1, ())],
    ),
    "epoch seconds": Reads(
        b"ts,v\n1772323200,1\n1772323260,2\n1772323320,3\n", MINUTES, {"v": [1, 2, 3]}, time_column="ts"
    ),
    "epoch milliseconds": Reads(
        b"timestamp,v\n1772323200000,1\n1772323260000,2\n1772323320000,3\n", MINUTES, {"v": [1, 2, 3]}
    ),
    "epoch microseconds": Reads(
        b"time,v\n1772323200000000,1\n1772323260000000,2\n1772323320000000,3\n", MINUTES, {"v": [1, 2, 3]}
    ),
    "epoch nanoseconds": Reads(
        b"time,v\n1772323200000000000,1\n1772323260000000000,2\n1772323320000000000,3\n", MINUTES, {"v": [1, 2, 3]}
    ),
    "epoch without a header": Reads(
        b"1772323200,1\n1772323260,2\n1772323320,3\n", MINUTES, {"value": [1, 2, 3]}, [("epoch_assumed", 1, ())]
    ),
    "whole numbers that are no epochs": Reads(
        b"bytes,cpu\n1772323200,1\n1772323261,2\n1772329320,3\n",
        None,
        {"bytes": [1772323200, 1772323261, 1772329320], "cpu": [1, 2, 3]},
    ),
    "excel's serial dates": Reads(
        b"Date,v\n46082,1\n46082.000694444445,2\n46082.00138888889,3\n",
        MINUTES,
        {"v": [1, 2, 3]},
        [("excel_dates", 3, ())],
    ),
    "dates as digits": Reads(
        b"date,v\n20260301,1\n20260302,2\n", ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"], {"v": [1, 2]}
    ),
    "dates and times as digits": Reads(b"date,v\n20260301000000,1\n20260301000100,2\n", MINUTES[:2], {"v": [1, 2]}),
    "index": Reads(b",a,b\n0,5,1\n1,6,1\n2,7,9\n", None, {"a": [5, 6, 7], "b": [1, 1, 9]}, [("index_column", 1, ())]),
    "index before times": Reads(
        b",time,a\n0,2026-03-01 00:00,5\n1,2026-03-01 00:01,7\n",
        MINUTES[:2],
        {"a": [5, 7]},
        [("index_column", 1, ())],
    ),
    "index of a table that was filtered and sorted": Reads(
        b",time,a\n17,2026-03-01 00:00,5\n3,2026-03-01 00:01,7\n",
        MINUTES[:2],
        {"a": [5, 7]},
        [("index_column", 1, ())],
    ),
    "an identifier": Reads(
        b"id;Datum;Wert\n5000;2026-03-01 00:00;1,5\n5001;2026-03-01 00:01;1,5\n",
        MINUTES[:2],
        {"id": [5000, 5001], "Wert": [1.5, 1.5]},
        [("value_column_assumed", 1, ())],
    ),
    "years": Reads(b"Year,v\n1899,5\n1901,7\n", ["1899-01-01T00:00:00Z", "1901-01-01T00:00:00Z"], {"v": [5, 7]}),
    "years named like a date": Reads(
        b"date,v\n1899,5\n1900,7\n",
        ["1899-01-01T00:00:00Z", "1900-01-01T00:00:00Z"],
        {"v": [5, 7]},
        [("years_assumed", 1, ())],
    ),
    "years and months": Reads(
        b"Month,Year,v\n12,1899,5\n1,1900,7\n",
        ["1899-12-01T00:00:00Z", "1900-01-01T00:00:00Z"],
        {"v": [5, 7]},
        time_column="Year",
    ),
    "years and names of months": Reads(
        b"Year,Month,v\n1899,Dec,5\n1900,Jan,7\n", ["1899-12-01T00:00:00Z", "1900-01-01T00:00:00Z"], {"v": [5, 7]}
    ),
    "year, month, day and hour": Reads(
        b"year,month,day,hour,v\n2026,2,28,23,5\n2026,3,1,0,7\nTotal,,,,12\n",
        ["2026-02-28T23:00:00Z", "2026-03-01T00:00:00Z"],
        {"v": [5, 7]},
        [("trailing_rows", 1, (4,))],
    ),
    "year, month, day and a time of day": Reads(
        b"year,month,day,at,v\n2026,3,1,00:00,5\n2026,3,1,00:01,7\n", MINUTES[:2], {"v": [5, 7]}
    ),
    "parts of a date beside it": Reads(
        b"date,year,hour,v\n2026-03-01 00:00,2026,0,5\n2026-03-01 00:01,2026,0,7\n",
        MINUTES[:2],
        {"year": [2026, 2026], "hour": [0, 0], "v": [5, 7]},
        [("value_column_assumed", 2, ())],
    ),
    "half seconds": Reads(b"v,t\n5,0\n7,0.5\n6,1\n", None, {"v": [5, 7, 6]}, [("elapsed_time", 1, ())]),
    "a host without duplicate times": Reads(
        b"time,host,v\n2026-03-01 00:00,a,1\n2026-03-01 00:01,a,2\n2026-03-01 00:02,b,2\n",
        MINUTES,
        {"v": [1, 2, 2]},
        [("text_column", 1, ())],
    ),
    "a ramp is a value": Reads(b"v\n0\n1\n2\n", None, {"v": [0, 1, 2]}),
    "seconds since the start": Reads(
        b"time,v\n0.5,1\n1.0,2\n1.7,3\n", None, {"v": [1, 2, 3]}, [("elapsed_time", 1, ())]
    ),
    "a rising value named like a time": Reads(
        b"a,response time\n5,0.5\n5,0.7\n6,0.9\n", None, {"a": [5, 5, 6], "response time": [0.5, 0.7, 0.9]}
    ),
    "seconds since the start as times": Reads(
        b"time,v\n0.5,1\n1.0,2\n1.7,3\n",
        ["1970-01-01T00:00:00.500Z", "1970-01-01T00:00:01Z", "1970-01-01T00:00:01.700Z"],
        {"v": [1, 2, 3]},
        [("epoch_assumed", 1, ())],
        options={"time_column": "time"},
    ),
    "zones": Reads(
        b"time,v\n2026-03-01T01:00:00+01:00,1\n2026-03-01T02:01:00+0200,2\n2026-03-01T00:02:00Z,3\n",
        MINUTES,
        {"v": [1, 2, 3]},
    ),
    "some zones": Reads(
        b"time,v\n2026-03-01T00:00:00Z,1\n2026-03-01T00:01:00,2\n",
        MINUTES[:2],
        {"v": [1, 2]},
        [("zone_assumed", 1, (3,))],
    ),
    "month first by a day over 12": Reads(
        b"time,v\n03/01/2026 12:00 AM,1\n03/13/2026 1:00 PM,2\n",
        ["2026-03-01T00:00:00Z", "2026-03-13T13:00:00Z"],
        {"v": [1, 2]},
    ),
    "day first by a day over 12": Reads(
        b"time,v\n1/3/2026,1\n13/3/2026,2\n", ["2026-03-01T00:00:00Z", "2026-03-13T00:00:00Z"], {"v": [1, 2]}
    ),
    "day first by a regular step": Reads(
        b"time,v\n02/03/2026,1\n04/03/2026,2\n06/03/2026,3\n08/03/2026,3\n",
        [f"2026-03-0{i}T00:00:00Z" for i in (2, 4, 6, 8)],
        {"v": [1, 2, 3, 3]},
    ),
    "order told": Reads(
        b"time,v\n01/02/2026,1\n05/02/2026,2\n",
        ["2026-01-02T00:00:00Z", "2026-05-02T00:00:00Z"],
        {"v": [1, 2]},
        options={"date_order": "mdy"},
    ),
    "month names": Reads(
        b"time,v\n1-Mar-26,1\n02-Mar-26,2\n", ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"], {"v": [1, 2]}
    ),
    "date and time apart": Reads(
        b"Date;Time;v\n01.03.2026;00:00;1\n01.03.2026;00:01;2\n", MINUTES[:2], {"v": [1, 2]}, time_column="Date"
    ),
    "unsorted": Reads(
        b"time,v\n2026-03-01 00:01,2\n2026-03-01 00:00,1\n2026-03-01 00:02,3\n",
        MINUTES,
        {"v": [1, 2, 3]},
        [("rows_sorted", 1, (3,))],
    ),
    "newest first": Reads(
        b"time,v\n2026-03-01 00:02,3\n2026-03-01 00:01,2\n2026-03-01 00:00,1\n",
        MINUTES,
        {"v": [1, 2, 3]},
        [("rows_sorted", 2, (3, 4))],
    ),
    "duplicates": Reads(
        b"time,v\n2026-03-01 00:00,9\n2026-03-01 00:00,1\n2026-03-01 00:01,2\n",
        MINUTES[:2],
        {"v": [1, 2]},
        [("duplicate_times", 1, (2,))],
    ),
    "closer than a millisecond": Reads(
        b"time,v\n2026-03-01 00:00:00.0001,9\n2026-03-01 00:00:00.0002,1\n",
        MINUTES[:1],
        {"v": [1]},
        [("finer_than_millisecond", 2, (2, 3)), ("closer_than_millisecond", 1, (2,))],
    ),
    "a missing time": Reads(
        b"time,v\n2026-03-01 00:00,1\n,9\n2026-03-01 00:01,2\n", MINUTES[:2], {"v": [1, 2]}, [("missing_time", 1, (3,))]
    ),
    "a total row": Reads(
        b"time,v\n2026-03-01 00:00,1\n2026-03-01 00:01,2\nTotal,3\n",
        MINUTES[:2],
        {"v": [1, 2]},
        [("trailing_rows", 1, (4,))],
    ),
    "a total row without times": Reads(
        b"name,v\nx,1\ny,2\nz,5\nSumme:,8\n",
        None,
        {"v": [1, 2, 5]},
        [("trailing_rows", 1, (5,)), ("text_column", 1, ())],
    ),
    "a remark at the end": Reads(
        b"time,v\n2026-03-01 00:00,1\n2026-03-01 00:01,2\n(2 rows)\n",
        MINUTES[:2],
        {"v": [1, 2]},
        [("trailing_rows", 1, (4,))],
    ),
    "the header again": Reads(
        b"time,v\n2026-03-01 00:00,1\ntime,v\n2026-03-01 00:01,2\n",
        MINUTES[:2],
        {"v": [1, 2]},
        [("repeated_header", 1, (3,))],
    ),
    "text beside the values": Reads(
        b"time,host,v\n2026-03-01 00:00,a,1\n2026-03-01 00:01,b,2\n",
        MINUTES[:2],
        {"v": [1, 2]},
        [("text_column", 1, ())],
    ),
    "an empty column": Reads(
        b"time,u,v\n2026-03-01 00:00,,1\n2026-03-01 00:01,,2\n", MINUTES[:2], {"v": [1, 2]}, [("empty_column", 1, ())]
    ),
    "two columns of one name": Reads(
        b"v,v\n1,2\n3,9\n", None, {"v": [1, 3], "v_2": [2, 9]}, [("name_changed", 1, (1,))]
    ),
    "numbers as names": Reads(b"ts,1,2\n1772323200,5,6\n1772323260,7,8\n", MINUTES[:2], {"1": [5, 7], "2": [6, 8]}),
    "letters that do not show in names": Reads(
        "ti\u200eme,lo\x07ad,\u202e\n2026-03-01 00:00,1,2\n2026-03-01 00:01,3,4\n".encode(),
        MINUTES[:2],
        {"load": [1, 3], "column_3": [2, 4]},
        [("name_cleaned", 3, (1,))],
        time_column="time",
    ),
    "names that a spreadsheet would compute": Reads(
        b"time,=1+1,'=2+2,@load\n2026-03-01 00:00,1,2,3\n2026-03-01 00:01,3,4,5\n",
        MINUTES[:2],
        {"=1+1": [1, 3], "=2+2": [2, 4], "@load": [3, 5]},
    ),
    "autumn's double hour": Reads(
        b"time,v\n2026-10-25 02:30,1\n2026-10-25 02:45,2\n2026-10-25 02:30,3\n2026-10-25 02:45,4\n",
        ["2026-10-25T02:30:00Z", "2026-10-25T02:45:00Z"],
        {"v": [3, 4]},
        [("rows_sorted", 1, (4,)), ("duplicate_times", 2, (2, 3))],
    ),
}


@pytest.mark.parametrize("name", READ)
def test_a_malformed_file_is_read(name: str) -> None:
    case = READ[name]
    table = read_csv(case.data, **case.options)
    if case.times is not None:
        assert format_times(table.times) == case.times
    assert list(table.columns) == list(case.columns)
    for column, expected in case.columns.items():
        assert table.columns[column].tolist() == pytest.approx(expected, nan_ok=True, rel=0, abs=0)
    assert [(each.code, each.count, each.lines) for each in table.repairs] == case.repairs
    if case.time_column is not None:
        assert table.time_column == case.time_column


SMALL = Limits(max_bytes=10_000, max_rows=100, max_columns=10, max_name_length=20)
NO_TIMES = b"time,v\n2026-03-01 00:00,1\nyesterday,2\n" + b"2026-03-01 00:05,1\n" * 10

LONG = b"time,host,v\n2026-03-01,a,1\n2026-03-01,b,2\n2026-03-02,a,3\n2026-03-02,b,4\n"

REFUSED = {
    "nothing": Refused(b"", Unreadable, None, "empty"),
    "blanks only": Refused(b" \n\n\t\n", Unreadable, None, "empty"),
    "a bom only": Refused(b"\xef\xbb\xbf", Unreadable, None, "empty"),
    "delimiters only": Refused(b";;\n;;\n", Unreadable, None, "no column of numbers"),
    "a header only": Refused(b"time,value\n", Unreadable, None, "only a header, 'time', 'value', and no rows"),
    "several series by a name": Refused(LONG, Unreadable, None, "each value of column 'host' ('a', 'b'): 2 of 4 rows"),
    "several series by two names": Refused(
        b"time,host,what,v\n" + b"".join(b"2026-03-01,%s,%s,1\n" % (h, w) for h in (b"a", b"b") for w in (b"x", b"y")),
        Unreadable,
        None,
        "one for each value of columns 'host', 'what'",
    ),
    "several series by a number": Refused(
        LONG.replace(b",a,", b",7,").replace(b",b,", b",8,").replace(b"host", b"sensor_id"),
        Unreadable,
        None,
        "one for each value of column 'sensor_id' ('7', '8')",
    ),
    "several countries year by year": Refused(
        b"country,year,v\na,1999,5\na,2000,6\nb,1999,5\nb,2000,6\n", Unreadable, None, "'country'"
    ),
    "a total between the rows": Refused(
        b"time,v\n2026-03-01,1\nSub-total,1\n" + b"2026-03-02,1\n" * 9, Unreadable, 3, "seems to be a total: remove it"
    ),
    "bytes in four units": Refused(
        b"v\n5 MiB\n1 GiB\n7 KiB\n7 B\n", Unreadable, 5, "mixes units ('MiB', 'GiB', 'KiB', 'B')"
    ),
    "text only": Refused(b"name,city\na,b\nc,d\n", Unreadable, None, "'name', 'city'"),
    "prose": Refused(b"Dear all,\nplease find the data attached.\n", Unreadable, None, "no column of numbers"),
    "times only": Refused(b"time\n2026-03-01\n2026-03-02\n", Unreadable, None, "no column of numbers"),
    "missing values only": Refused(b"time,v\n2026-03-01,NA\n2026-03-02,NA\n", Unreadable, None, "no column of numbers"),
    "nuls": Refused(b"a,b\n1,2\n\0\0\0\0\n", Unreadable, 3, "NUL"),
    "nuls only": Refused(b"\0" * 5000, Unreadable, 1, "NUL"),
    "broken utf-16": Refused(b"\xff\xfea\0\n", Unreadable, None, "UTF-16"),
    "html": Refused(b"<!doctype html><html></html>", Unreadable, 1, "HTML"),
    "json": Refused(b'{"values": [1, 2]}', Unreadable, 1, "JSON"),
    "a workbook": Refused(_zip({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), Unreadable, None, "as CSV"),
    "an old workbook": Refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, Unreadable, None, "as CSV"),
    "parquet": Refused(b"PAR1\x15\x04", Unreadable, None, "Parquet"),
    "a pdf": Refused(b"%PDF-1.7", Unreadable, None, "PDF"),
    "two files in a zip": Refused(_zip({"a.csv": PLAIN, "b.csv": PLAIN}), Unreadable, None, "2 files"),
    "a broken zip": Refused(_zip({"a.csv": PLAIN})[:60], Unreadable, None, "damaged"),
    "a broken gzip": Refused(gzip.compress(PLAIN)[:12] + b"\xff" * 20, Unreadable, None, "gzip"),
    "a gzip that ends early": Refused(gzip.compress(PLAIN)[:30], Unreadable, None, "is truncated"),
    "a gzip bomb": Refused(gzip.compress(b"0\n" * 100_000), LimitExceeded, None, "10000 bytes", {"limits": SMALL}),
    "a zip bomb": Refused(_zip({"a": b"0\n" * 100_000}), LimitExceeded, None, "10000 bytes", {"limits": SMALL}),
    "too many bytes": Refused(b"1\n" * 5001, LimitExceeded, None, "10000 bytes", {"limits": SMALL}),
    "too many rows": Refused(b"1\n" * 101, LimitExceeded, None, "100", {"limits": SMALL}),
    "far too many rows": Refused(b"1\n" * 2000, LimitExceeded, None, "100", {"limits": SMALL}),
    "too many columns": Refused(b",".join([b"1"] * 11) + b"\n", LimitExceeded, 1, "10", {"limits": SMALL}),
    "far too many columns": Refused(b"a,b\n1,2\n" + b"," * 9000 + b"\n", LimitExceeded, 3, "9001", {"limits": SMALL}),
    "too long a name": Refused(b"a,%s\n1,2\n3,4\n" % (b"n" * 21), LimitExceeded, 1, "21", {"limits": SMALL}),
    "one endless line": Refused(b"1" * 2_000_000, Unreadable, 1, "longer than"),
    "an open quote": Refused(b'a,b\n1,2\n3,"4\n5,6\n', Unreadable, 3, "double quote"),
    "a time that is none": Refused(NO_TIMES, Unreadable, 3, "'yesterday'"),
    "a day that is none": Refused(
        b"time,v\n2026-02-28,1\n2026-02-30,2\n" + b"2026-03-01,1\n" * 9, Unreadable, 3, "02-30"
    ),
    "both days and months over 12": Refused(
        b"time,v\n13/01/2026,1\n01/13/2026,2\n" + b"01/14/2026,2\n" * 9, Unreadable, 2, "'13/01/2026'"
    ),
    "a zone by a name of its own": Refused(
        b"time,v\n2026-03-01 10:00 CEST,1\n2026-03-01 11:00 CEST,2\n",
        Unreadable,
        2,
        "write the offset from UTC in place of CEST",
    ),
    "numbers and text": Refused(b"v\n1\n2\nx\n3\ny\n4\n", Unreadable, 4, "mixes numbers and text"),
    "two units": Refused(b"v\n1 kW\n2 kW\n3 MW\n", Unreadable, 4, "mixes units"),
    "thousands by a letter": Refused(b"v\n950\n1.2k\n", Unreadable, 3, "mixes units"),
    "two decimal marks": Refused(b"a;b\n1,5;1\n2.5;2\n", Unreadable, 3, "decimal mark"),
    "decimal comma between commas": Refused(b"time,v\n2026-03-01,1,5\n2026-03-02,2,5\n", Unreadable, 2, "decimal mark"),
    "rows longer than the header": Refused(b"a,b\n1,2\n1,2,3\n1,2,3\n4,5\n1,2\n", Unreadable, 3, "3 fields"),
    "dates both ways": Refused(b"time,v\n01/02/2026,1\n05/02/2026,2\n05/07/2026,2\n", Ambiguous, None, "date_order"),
    "months or days": Refused(
        b"time,v\n01/01/2026,1\n01/02/2026,2\n01/03/2026,2\n01/04/2026,5\n", Ambiguous, None, "date_order"
    ),
    "no such time column": Refused(PLAIN, UnknownName, None, "'when'", {"time_column": "when"}),
    "no such value column": Refused(PLAIN, UnknownName, None, "'load'", {"value_column": "load"}),
    "text as values": Refused(b"v,host\n1,a\n2,b\n", Unreadable, 2, "mixes numbers and text", {"value_column": "host"}),
    "values as times": Refused(b"host,v\na,1\nb,2\n", Unreadable, 2, "not a time", {"time_column": "host"}),
    "one column for both": Refused(PLAIN, Unreadable, None, "both", {"time_column": "value", "value_column": "value"}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_malformed_file_is_refused(name: str) -> None:
    case = REFUSED[name]
    with pytest.raises(case.error) as caught:
        read_csv(case.data, **case.options)
    assert case.words in caught.value.message
    assert caught.value.detail.get("line") == case.line
    assert "\n" not in caught.value.message


def test_an_ambiguous_date_names_its_choices() -> None:
    with pytest.raises(Ambiguous) as caught:
        read_csv(b"time,v\n01/02/2026,1\n05/02/2026,2\n05/07/2026,2\n")
    assert caught.value.detail["choices"] == ["dmy", "mdy"]
    assert caught.value.detail["column"] == "time"
    for choice in caught.value.detail["choices"]:
        read_csv(b"time,v\n01/02/2026,1\n05/02/2026,2\n05/07/2026,2\n", date_order=choice)


def test_the_requested_column_is_the_default_and_the_others_stay() -> None:
    table = read_csv(b"time,a,b\n2026-03-01,1,5\n2026-03-02,2,6\n", value_column="b")
    assert list(table.columns) == ["a", "b"]
    assert table.series().values.tolist() == [5, 6]
    assert table.series("a").name == "a"
    with pytest.raises(UnknownName) as caught:
        table.series("c")
    assert caught.value.detail["known"] == ["a", "b"]


def test_a_file_of_times_can_be_requested_as_values() -> None:
    table = read_csv(b"timestamp,n\n1772323200,1\n1772323260,2\n1772323320,3\n", value_column="timestamp")
    assert table.times is None
    assert table.series().values[0] == 1772323200
