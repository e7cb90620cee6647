"""Names of series and columns as they can be shown, stored and written into a file that a spreadsheet opens."""

import re

from timeseries.repairs import Repair, repair

HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line separators, marks that turn the direction of text, and halves of surrogate pairs."""

_FORMULA = re.compile(r"'*(=|[+\-@].*[^\w .])", re.DOTALL)
"""What a spreadsheet computes: with `=`, or with another sign and more than a plain word, `@timestamp`, behind it; and
the same behind apostrophes."""


def visible(name: str) -> str:
    """The name without characters that do not show or that turn others.

    >>> visible("pump\\x07 \\u202e1")
    'pump 1'
    """
    return HIDDEN.sub("", name).strip() if HIDDEN.search(name) else name


def clean_name(name: str) -> tuple[str, list[Repair]]:
    """What a series is called, without characters that do not show, and the repair that this is."""
    shown = visible(name)
    return shown, [] if shown == name else [repair("name_cleaned")]


def escape_formula(name: str) -> str:
    """The name as it stands in a file: behind an apostrophe where a spreadsheet would compute it.

    >>> escape_formula("=1+1"), escape_formula("@timestamp"), escape_formula("-load"), escape_formula("+SUM(A1)")
    ("'=1+1", '@timestamp', '-load', "'+SUM(A1)")
    >>> unescape_formula(escape_formula("'=1+1"))
    "'=1+1"
    """
    return f"'{name}" if _FORMULA.match(name) else name


def unescape_formula(name: str) -> str:
    """The name that stands in a file.

    >>> unescape_formula("'=1+1"), unescape_formula("'quoted'"), unescape_formula("=1+1")
    ('=1+1', "'quoted'", '=1+1')
    """
    return name[1:] if name.startswith("'") and _FORMULA.match(name[1:]) else name
