"""The one shape of errors."""

from typing import Annotated, Any

from api.schemas.fields import Schema, described


class Error(Schema):
    """Why a request failed."""

    code: Annotated[str, described("The kind of error; stable, for programs.")]
    message: Annotated[str, described("One sentence: the fact, then the remedy.")]
    detail: Annotated[dict[str, Any], described("The facts: line, column, name, limit, choices, known, …")]


class ErrorResponse(Schema):
    """The body of every failed request."""

    error: Error
