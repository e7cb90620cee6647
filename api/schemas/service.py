"""Responses about the service itself."""

from typing import Annotated, Literal

from api.schemas.fields import Schema, described


class Status(Schema):
    """Whether the service is alive, or ready."""

    status: Literal["ok", "ready", "starting"]


class Deleted(Schema):
    """What was deleted."""

    deleted: Annotated[str, described("Its id or name.")]
