"""User mistakes as exceptions that carry their facts, and two internal exceptions."""

from typing import Any


class BadInput(Exception):
    """Root of every user mistake.

    message  one sentence: the fact, then the remedy
    detail   its facts (line, column, name, limit, ...) as JSON values
    code     the kind of mistake, stable for programs
    """

    code = "bad_input"

    def __init__(self, message: str, **detail: Any) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class Unreadable(BadInput):
    """The bytes are not a table of numbers, or not the JSON that is required."""

    code = "unreadable"


class Ambiguous(BadInput):
    """Two readings are equally good; `detail["choices"]` lists the values of the parameter that decides."""

    code = "ambiguous"


class UnknownName(BadInput):
    """A column, detector, parameter or kind that does not exist; `detail["known"]` lists those that do."""

    code = "unknown_name"


class NotFound(BadInput):
    """A resource that does not exist; `detail["name"]` is the name in the request."""

    code = "not_found"


class BadParameter(BadInput):
    """A parameter of the wrong type or outside its bounds."""

    code = "bad_parameter"


class LimitExceeded(BadInput):
    """More than a setting allows; `detail["limit"]` and `detail["setting"]` say which."""

    code = "limit_exceeded"


class StaleState(Exception):
    """A saved detector or detection of another version of the program, to be made anew. Not a user mistake."""


class Cancelled(Exception):
    """Raised by a progress callback to stop long work; not a user mistake."""
