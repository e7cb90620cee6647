"""Repairs: every change made to what was sent, by code, and the one place that puts them into words."""

from collections.abc import Iterable
from dataclasses import dataclass

MAX_PLACES = 5
"""Places that a repair lists."""

MESSAGES = {
    "already_there": "Points whose times the stream already has were ignored.",
    "beyond_age": "Points older than the stream's retention were not stored.",
    "beyond_capacity": "Points older than all that the stream has capacity for were not stored.",
    "closer_than_millisecond": "Rows are closer than a millisecond; the last of each was used, {dropped} of {rows} rows"
    " left out.",
    "comment_lines": "Lines beginning with # were skipped.",
    "decimal_mark_assumed": "Column {column!r} does not show which mark is its decimal mark; the {mark} was assumed.",
    "duplicate_times": "Several rows have the same time; the last of each was used, {dropped} of {rows} rows left out.",
    "elapsed_time": "Column {column!r} increases but holds no dates; it was left out and the points are numbered 0, 1,"
    " 2. Name it as time_column to read it as seconds since 1970.",
    "empty_column": "{columns} no values and {was} left out.",
    "encoding_assumed": "The file is not UTF-8 and was read as Windows-1252; save it as UTF-8 if a name looks wrong.",
    "encoding_assumed/utf-16": "The file has no byte order mark and was read as {encoding}.",
    "epoch_assumed": "Column {column!r} was read as times, {unit} since 1970; name a time_column if it holds none.",
    "epoch_assumed/magnitude": "The numbers of column {column!r} were read as {unit} since 1970-01-01.",
    "excel_dates": "Column {column!r} was read as Excel's serial dates, days since 1899-12-30.",
    "finer_than_millisecond": "Times are stored to the millisecond; finer digits were cut off.",
    "index_column": "Column {column!r} only counts the rows and was left out.",
    "infinite_value": "Infinite or too large values became missing.",
    "infinite_value/column": "Infinite or too large values of column {column!r} became missing.",
    "late_points": "Points older than the stream's newest were stored in order of arrival and scored from those before"
    " them.",
    "lead_lines": "Lines before the table were skipped.",
    "long_rows": "Rows with more fields than the table has columns were left out.",
    "missing_time": "Rows without a time were left out.",
    "name_changed": "Columns of the same name became {names}.",
    "name_cleaned": "Control characters, which do not show, were removed from the name.",
    "name_cleaned/columns": "Control characters, which do not show, were removed from names of columns.",
    "not_a_number": "Cells of column {column!r} that are not numbers became missing values.",
    "rows_sorted": "Rows were not in order of time and were sorted.",
    "rows_sorted/reversed": "The rows came newest first and were reversed.",
    "repeated_header": "The header appears again between the rows and was skipped.",
    "short_rows": "Rows have fewer fields than the table has columns; the others are missing.",
    "text_column": "{columns} text and {was} left out.",
    "text_column/times": "{columns} other times and {was} left out.",
    "trailing_rows": "Rows at the end that are not data, a total or a remark, were skipped.",
    "unit_stripped": "The unit {unit!r} was removed from the numbers of column {column!r}.",
    "value_column_assumed": "Column {column!r} is used, because {reasons}; name a value_column to use another.",
    "years_assumed": "Column {column!r} was read as years; name it year, or another time_column if it holds none.",
    "zone_assumed": "Some times have a time zone and some do not; those without were read as UTC.",
}
"""A sentence per code, or per code and variant: "code/variant"."""

SKIPPED_COLUMN = {
    "counts_rows": "only counts the rows",
    "numbers_rows": "only numbers the rows",
    "date_part": "is a part of a date",
    "increasing_time": "is named like a time and only increases",
}
"""Why a column is not the default, by code."""


@dataclass(frozen=True)
class Repair:
    """One kind of change made to what was sent.

    code     stable for programs; `docs/reference/file-formats.md` lists them all
    message  one sentence for a person
    count    how many cells, rows or columns it touched
    lines    the first few places, at most MAX_PLACES: line numbers of the file counted from 1;
             for JSON arrays, positions counted from 0
    """

    code: str
    message: str
    count: int = 1
    lines: tuple[int, ...] = ()


def repair(
    code: str, places: Iterable[int] = (), count: int | None = None, *, variant: str = "", **facts: object
) -> Repair:
    """Return the repair with this code; its message is the one of its variant, filled with the facts.

    count   how many places it touched, where `places` does not list all

    >>> repair("index_column", column="id")
    Repair(code='index_column', message="Column 'id' only counts the rows and was left out.", count=1, lines=())
    """
    listed = tuple(int(place) for place in places)
    message = MESSAGES[f"{code}/{variant}" if variant else code].format(**facts)
    number = count if count is not None else max(len(listed), 1)
    return Repair(code, message, number, listed[:MAX_PLACES])
