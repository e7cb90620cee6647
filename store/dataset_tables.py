"""The tables of series that were uploaded, of what people said of them, and of their detections."""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from store.tables import metadata

ID = String(22)
"""An id that cannot be guessed: random letters, digits, - and _."""

series = Table(
    "series",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", Text, nullable=False),  # JSON, as any text of a file's is
    Column("created", BigInteger, nullable=False),  # ms since 1970 UTC
    Column("points", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),  # of its chunks together
    Column("whole", Boolean, nullable=False),  # False while its chunks are written: it is not there yet
    Column("columns", Text, nullable=False),  # JSON: the names of its value columns, in order
    Column("default", Integer, nullable=False),  # the place in `columns` of the one judged when none is asked for
    Column("time_column", Text, nullable=False),  # JSON; null where the times came from none, or where there are none
    Column("start", BigInteger),  # of the first point, ms since 1970 UTC; NULL without times
    Column("stop", BigInteger),  # of the last point
    Column("step", BigInteger),  # ms, the usual distance of points; NULL where it cannot be known
    Column("repairs", Text, nullable=False),  # JSON: see timeseries/table.py
    Index("series_created", "created", "id"),
)

series_chunk = Table(
    "series_chunk",
    metadata,
    Column("series_id", ID, ForeignKey("series.id", ondelete="CASCADE"), primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),  # a place in the series' columns; -1: the times
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 0; every chunk but the last is full
    Column("data", LargeBinary, nullable=False),  # see packing.py
)

series_label = Table(
    "series_label",
    metadata,
    Column("series_id", ID, ForeignKey("series.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),  # in the order given
    Column("start", BigInteger, nullable=False),  # a position in the series, from 0
    Column("stop", BigInteger, nullable=False),  # likewise; half open
    Column("kind", String(10), nullable=False),  # anomaly or normal
    Column("note", Text, nullable=False),
)

detection = Table(
    "detection",
    metadata,
    Column("id", ID, primary_key=True),
    Column("series_id", ID, ForeignKey("series.id", ondelete="CASCADE"), nullable=False),
    Column("column", Text, nullable=False),
    Column("detector", String(100), nullable=False),
    Column("params", Text, nullable=False),  # JSON
    Column("status", String(10), nullable=False),  # queued, running, done, failed or cancelled
    Column("progress", Float, nullable=False),  # 0 to 1
    Column("stage", Text, nullable=False),
    Column("error", Text),  # JSON: code, message, detail; NULL unless failed
    Column("summary", Text),  # JSON; NULL until done, as the next two
    Column("threshold", Float),
    Column("events", Text),  # JSON
    Column("created", BigInteger, nullable=False),  # ms since 1970 UTC
    Column("started", BigInteger),  # of the last attempt, ms since 1970 UTC
    Column("finished", BigInteger),  # ms since 1970 UTC; NULL while queued or running
    Column("bytes", BigInteger, nullable=False),  # of its results and its state together; 0 until done
    Column("owner", String(64)),  # who works on it; NULL while nobody does
    Column("attempts", Integer, nullable=False),  # how often somebody began to
    Column("counting", Text, nullable=False, server_default="{}"),  # JSON: which points beyond the threshold count
    Column("beat", BigInteger),  # when whoever works on it was last heard of, ms since 1970 UTC
    Index("detection_series", "series_id"),
    Index("detection_status", "status", "created", "id"),
)

detection_result = Table(
    "detection_result",
    metadata,
    Column("detection_id", ID, ForeignKey("detection.id", ondelete="CASCADE"), primary_key=True),
    Column("part", String(20), primary_key=True),  # expected, lower, upper, score, is_anomaly, …
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 0; every chunk but the last is full
    Column("data", LargeBinary, nullable=False),  # see packing.py
)

detection_state = Table(
    "detection_state",
    metadata,
    Column("detection_id", ID, ForeignKey("detection.id", ondelete="CASCADE"), primary_key=True),
    Column("data", LargeBinary, nullable=False),  # what the detector learned: see packing.py
)
