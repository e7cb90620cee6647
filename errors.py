"""Everything a user can do wrong, as exceptions that carry their facts."""

from typing import Any


class BadInput(Exception):
    """Root of every user mistake.

    `message` is one sentence that says what to change. `detail` holds the facts
    it speaks of (line, column, name, limit, ...), as JSON values. `code` is the
    kind, stable for programs.
    """

    code = "bad_input"

    def __init__(self, message: str, **detail: Any) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class Unreadable(BadInput):
    """The bytes are not a table of numbers, or not the JSON that was asked for."""

    code = "unreadable"


class Ambiguous(BadInput):
    """Two readings are equally good; `detail["choices"]` lists what may be asked for."""

    code = "ambiguous"


class UnknownName(BadInput):
    """A column, detector, parameter or kind that does not exist; `detail["known"]` lists those that do."""

    code = "unknown_name"


class NotFound(BadInput):
    """A stream that does not exist; `detail["name"]` is what was asked for."""

    code = "not_found"


class BadParameter(BadInput):
    """A parameter of the wrong type or outside its bounds."""

    code = "bad_parameter"


class LimitExceeded(BadInput):
    """More than a setting allows; `detail["limit"]` and `detail["setting"]` say which."""

    code = "limit_exceeded"


class StaleState(Exception):
    """A saved detector or detection of another version of the program: make it again. Not a user mistake."""


class Cancelled(Exception):
    """Raised by a progress callback to stop long work; not a user mistake."""
