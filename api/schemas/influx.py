"""The responses that clients of InfluxDB 1 and 2 expect."""

from typing import Annotated

import msgspec

from api.schemas.fields import Schema, described


class InfluxError1(Schema):
    """An error as InfluxDB 1 writes it."""

    error: str


class InfluxError2(Schema):
    """An error as InfluxDB 2 writes it."""

    code: str
    message: str
    line: Annotated[int, described("The first line that was refused, from 1.", ge=1)] | msgspec.UnsetType = (
        msgspec.UNSET
    )


class InfluxHealth(Schema):
    """The response of InfluxDB 2 to /health."""

    name: str
    status: str
    message: str
    version: str
    checks: list[str]


class InfluxReady(Schema):
    """The response of InfluxDB 2 to /ready."""

    status: str


class InfluxSeries(Schema):
    """Rows of a result of InfluxDB 1."""

    name: str
    columns: list[str]
    values: list[list[str]]


class InfluxResult(Schema):
    """The result of one statement."""

    statement_id: int
    series: list[InfluxSeries] | msgspec.UnsetType = msgspec.UNSET


class InfluxResults(Schema):
    """The response of InfluxDB 1 to a query."""

    results: list[InfluxResult]
