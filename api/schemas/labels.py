"""Labels: points that people marked as anomalous or normal."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

import msgspec

from api.schemas.fields import Position, Schema, Time, choice, described, format_time
from store import Label
from timeseries import format_epoch_ms

LABEL_KIND = choice("anomaly", "normal")


class LabelBody(Schema):
    """A label for the points from start up to stop, half open."""

    start: Annotated[int | str, described("A time; in a stream without times a cursor, in a dataset also a position.")]
    stop: Annotated[int | str, described("The first time, cursor or position after the labelled ones.")]
    kind: Literal["anomaly", "normal"]
    note: Annotated[str, described("Why, for people.", max_length=1_000)] = ""


class LabelsBody(Schema):
    """Labels as a response holds them."""

    labels: list[LabelBody]
    times: Annotated[Any, described("Part of responses about datasets; ignored in requests.")] = None


def label_tuples(body: list[LabelBody] | LabelsBody) -> list[tuple[int | str, int | str, str, str]]:
    """The labels of a body as (start, stop, kind, note)."""
    labels = body.labels if isinstance(body, LabelsBody) else body
    return [(label.start, label.stop, label.kind, label.note) for label in labels]


class StreamLabel(Schema):
    """A label of a stream, half open."""

    start: Annotated[int | str, described("A time, or a cursor in a stream without times.")]
    stop: int | str
    kind: Annotated[str, LABEL_KIND]
    note: str


class StreamLabels(Schema):
    """The labels of a stream, in the order of the request."""

    labels: list[StreamLabel]

    @classmethod
    def from_labels(cls, labels: Sequence[Label], *, timed: bool, as_ms: bool) -> Self:
        """The response for labels of a stream; `timed`: whether they hold times rather than cursors."""

        def edge(place: int) -> int | str:
            return format_time(place, as_ms=as_ms) if timed else place

        return cls([StreamLabel(edge(each.start), edge(each.stop), each.kind, each.note) for each in labels])


class DatasetLabel(Schema):
    """A label of a dataset: half open positions."""

    start: Position
    stop: Annotated[int, described("One after the last labelled point.", ge=1)]
    kind: Annotated[str, LABEL_KIND]
    note: str


class DatasetLabels(Schema):
    """The labels of a dataset, in the order of the request."""

    labels: list[DatasetLabel]
    times: Annotated[
        list[Annotated[list[Time], msgspec.Meta(min_length=2, max_length=2)]] | None,
        described("The times of the first and the last point of each label; null for a dataset without times."),
    ]

    @classmethod
    def from_labels(cls, labels: Sequence[Label], times: Sequence[tuple[int, int]] | None, *, as_ms: bool) -> Self:
        """The response for labels of a dataset and the times of their ends, ms since 1970 UTC."""
        pairs = None
        if times is not None:
            texts = format_epoch_ms([time for pair in times for time in pair], as_ms=as_ms)
            pairs = [[texts[k], texts[k + 1]] for k in range(0, len(texts), 2)]
        return cls([DatasetLabel(each.start, each.stop, each.kind, each.note) for each in labels], pairs)
