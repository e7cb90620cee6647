"""The shapes in which it is told how an input was understood."""

from typing import Annotated, Literal

import msgspec

from api.request_body import described


class Repair(msgspec.Struct, forbid_unknown_fields=True):
    """A change made to what was sent, to be able to read it."""

    code: str
    message: str
    count: Annotated[int, described("How many cells, rows or columns it touched.")]
    lines: Annotated[list[int], described("The first few: line numbers of a file from 1, positions in JSON from 0.")]


class DatesRead(msgspec.Struct, forbid_unknown_fields=True):
    """How dates like 01/02/2026 were read; null where there are none."""

    order: Literal["dmy", "mdy", "ymd"]
    by: Annotated[
        Literal["requested", "numbers", "steps", "dots", "either"],
        described(
            "asked: by date_order; numbers: the other order has no such date; steps: only so the times go on evenly; "
            "dots: as dates with dots usually are; either: it makes no difference."
        ),
    ]
    message: Annotated[str, described("The same in one sentence.")]


class Note(msgspec.Struct, forbid_unknown_fields=True):
    """One thing that was learned, or that limits a detection."""

    code: Annotated[str, described("Stable, for programs.")]
    message: Annotated[str, described("One sentence for a person.")]
