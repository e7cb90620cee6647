"""Labels of the points of streams: known anomalies and known normal intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from store.database import Database
from store.stream_tables import label, stream
from timeseries import Bools


@dataclass(frozen=True)
class Label:
    """A half-open interval of points that are an `anomaly` or `normal`.

    `start` and `stop` are positions in a dataset; in a stream times (ms since 1970 UTC), or cursors where its points
    have no times.
    """

    start: int
    stop: int
    kind: str
    note: str = ""


def labelled_anomalous(labels: Sequence[Label], points: int) -> Bools:
    """(points,) true where a label of a dataset is an anomaly; of overlapping labels the last one counts."""
    anomalous = np.zeros(points, np.bool_)
    for each in labels:
        anomalous[each.start : each.stop] = each.kind == "anomaly"
    return anomalous


class Labels:
    """The labels of streams in a database. Safe to use from many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, stream_id: int) -> list[Label]:
        """The labels of a stream, in the order they were put."""
        query = sa.select(label).where(label.c.stream_id == stream_id).order_by(label.c.position)
        with self._database.read() as connection:
            return [Label(row.start, row.stop, row.kind, row.note) for row in connection.execute(query)]

    def put(self, stream_id: int, labels: Sequence[Label]) -> bool:
        """Replace the labels of a stream. False where the stream does not exist."""
        rows = [{"stream_id": stream_id, "position": at, **vars(each)} for at, each in enumerate(labels)]
        with self._database.write() as connection:
            if not connection.execute(sa.select(stream.c.id).where(stream.c.id == stream_id)).one_or_none():
                return False
            connection.execute(sa.delete(label).where(label.c.stream_id == stream_id))
            if rows:
                connection.execute(sa.insert(label), rows)
        return True
