"""The tables of datasets, of their labels and of their detections."""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from store.stream_tables import metadata

ID = String(22)
"""A random id that cannot be guessed: letters, digits, - and _."""

dataset = Table(
    "dataset",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", Text, nullable=False),  # JSON: PostgreSQL's text cannot hold NUL
    Column("created", BigInteger, nullable=False),  # ms since 1970 UTC
    Column("points", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),  # of its chunks together
    Column("complete", Boolean, nullable=False),  # False while its chunks are written: it is not listed yet
    Column("columns", Text, nullable=False),  # JSON: the names of its value columns, in order
    Column("default", Integer, nullable=False),  # index in `columns` of the column used where a request names none
    Column("time_column", Text, nullable=False),  # JSON; null where no column held the times
    Column("start", BigInteger),  # time of the first point, ms since 1970 UTC; NULL without times
    Column("stop", BigInteger),  # time of the last point
    Column("step", BigInteger),  # median interval of points, ms; NULL where unknown
    Column("repairs", Text, nullable=False),  # JSON: list of timeseries.Repair
    Column("dates", Text),  # JSON: timeseries.DatesRead; NULL where no dates were ambiguous
    Index("dataset_created", "created", "id"),
)

dataset_chunk = Table(
    "dataset_chunk",
    metadata,
    Column("dataset_id", ID, ForeignKey("dataset.id", ondelete="CASCADE"), primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),  # index of a value column; -1: the times
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 0; every chunk but the last is full
    Column("data", LargeBinary, nullable=False),  # see codec.py
)

dataset_label = Table(
    "dataset_label",
    metadata,
    Column("dataset_id", ID, ForeignKey("dataset.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),  # in the order they were put
    Column("start", BigInteger, nullable=False),  # a position in the dataset, from 0
    Column("stop", BigInteger, nullable=False),  # likewise; half open
    Column("kind", String(10), nullable=False),  # anomaly or normal
    Column("note", Text, nullable=False),
)

detection = Table(
    "detection",
    metadata,
    Column("id", ID, primary_key=True),
    Column("dataset_id", ID, ForeignKey("dataset.id", ondelete="CASCADE"), nullable=False),
    Column("column", Text, nullable=False),
    Column("detector", String(100), nullable=False),
    Column("params", Text, nullable=False),  # JSON
    Column("event_filter", Text, nullable=False, server_default="{}"),  # JSON: see events/filter.py
    Column("status", String(10), nullable=False),  # queued, running, done, failed or cancelled
    Column("progress", Float, nullable=False),  # 0 to 1
    Column("stage", Text, nullable=False),
    Column("error", Text),  # JSON: code, message, detail; NULL unless failed
    Column("statistics", Text),  # JSON; NULL until done, as the next two
    Column("threshold", Float),
    Column("events", Text),  # JSON
    Column("created", BigInteger, nullable=False),  # ms since 1970 UTC
    Column("started", BigInteger),  # of the last attempt, ms since 1970 UTC
    Column("finished", BigInteger),  # ms since 1970 UTC; NULL while queued or running
    Column("bytes", BigInteger, nullable=False),  # of its results and its state together; 0 until done
    Column("owner", String(64)),  # the service that runs it; NULL while none does
    Column("attempts", Integer, nullable=False),  # how often it was claimed
    Column("heartbeat", BigInteger),  # last sign of life of its owner, ms since 1970 UTC
    Index("detection_dataset", "dataset_id"),
    Index("detection_status", "status", "created", "id"),
)

detection_result = Table(
    "detection_result",
    metadata,
    Column("detection_id", ID, ForeignKey("detection.id", ondelete="CASCADE"), primary_key=True),
    Column("part", String(20), primary_key=True),  # dtype kind and name: fexpected, fmargin, fscore, …
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 0; every chunk but the last is full
    Column("data", LargeBinary, nullable=False),  # see codec.py
)

detection_state = Table(
    "detection_state",
    metadata,
    Column("detection_id", ID, ForeignKey("detection.id", ondelete="CASCADE"), primary_key=True),
    Column("data", LargeBinary, nullable=False),  # what rethresholding needs beside the columns: see codec.py
)
