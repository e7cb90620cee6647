"""The database: opening it, upgrading its schema, transactions."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from errors import BadInput
from store.write_lock import LockTimeout, WriteLock

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_MS = 10_000
"""How long a write waits while another program holds the database, ms."""
MAX_PATIENT_WRITERS = 8
"""While another program holds the database, so many threads wait for WRITE_TIMEOUT; the others stay free for reads."""
WRITE_TIMEOUT = 2.0
"""Seconds that a patient writer waits."""
STALL_TIMEOUT = 0.2
"""Seconds without a finished write after which any further writer gives up."""
DIALECTS = ("sqlite", "postgresql")

WRITE_LOCK_ID = 0x616E6F6D616C79
"""Key of the PostgreSQL advisory lock of write transactions: the letters "anomaly"."""

POSTGRESQL: dict[str, Any] = {
    "pool_pre_ping": True,  # replaces connections that a server restart closed
    "pool_size": 8,
    "connect_args": {"connect_timeout": 10, "keepalives_idle": 30, "tcp_user_timeout": 30_000}
    | {"options": f"-c lock_timeout={BUSY_MS}"},
}


class CannotOpen(BadInput):
    """The database cannot be opened; `detail["url"]` is its address without the password."""

    code = "bad_setting"


class Unavailable(Exception):
    """The database does not respond, or cannot write; a retry may succeed."""


class DiskFull(Unavailable):
    """The disk of the database is full."""


class Database:
    """Connections to one database. Writes are serialized; the queries of a read see one snapshot.

    On SQLite a write transaction begins with BEGIN IMMEDIATE: a deferred one that reads first fails as soon as another
    writes. The write-ahead log lets reads continue meanwhile; with synchronous=FULL a committed transaction survives
    a power cut. On PostgreSQL a write transaction takes an advisory lock first, so that it is serialized there too.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        reading: dict[str, Any] = {}
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _prepare)
            sa.event.listen(engine, "begin", _begin)
        else:
            reading = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reading = engine.execution_options(**reading)
        self._write_lock = WriteLock(MAX_PATIENT_WRITERS, WRITE_TIMEOUT, STALL_TIMEOUT)
        self._opened: tuple[int, int] | None = None

    @classmethod
    def open(cls, url: str) -> Self:
        """The database at an SQLAlchemy URL, its schema upgraded. Raises CannotOpen."""
        try:
            parts = sa.make_url(url)
            _check(parts)
            database = cls(sa.create_engine(parts, **(POSTGRESQL if parts.get_backend_name() != "sqlite" else {})))
            with ExitStack() as unless_opened:
                unless_opened.callback(database.close)
                database.upgrade()
                database._opened = database._file()
                unless_opened.pop_all()
        except (sa.exc.SQLAlchemyError, Unavailable, ImportError, ValueError) as error:
            reason = str(getattr(error, "orig", None) or error).partition("\n")[0].rstrip(".")
            raise CannotOpen(f"The database {_shown(url)} cannot be opened: {reason}.", url=_shown(url)) from error
        except CommandError as error:
            if "Can't locate revision" not in str(error):
                raise
            raise CannotOpen(
                f"The database {_shown(url)} was written by a newer version of this program; install that version.",
                url=_shown(url),
            ) from error
        return database

    @property
    def address(self) -> str:
        """Its URL with the password, for another process of this service; never show it."""
        return self.engine.url.render_as_string(hide_password=False)

    def upgrade(self, revision: str = "head") -> None:
        """Upgrade the schema to a revision, all or nothing."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        with self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection whose queries see one snapshot. Raises Unavailable."""
        with _reachable(), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def write(self, timeout: float | None = None) -> Iterator[sa.Connection]:
        """A transaction, committed and durable at its end, rolled back when an exception leaves it.

        `timeout`: seconds to wait for other writers, in place of the limits above. Raises Unavailable.
        """
        with (
            _reachable(),
            self._write_lock.acquire(timeout),
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            if self.engine.dialect.name != "sqlite":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITE_LOCK_ID)))
            yield connection
            if self._opened and self._file() != self._opened:  # a write to a deleted file would be lost
                raise Unavailable("The database's file was deleted or replaced; start the service again.")

    def _file(self) -> tuple[int, int] | None:
        """Device and inode of the SQLite file; None for another kind of database, or without a file."""
        name = self.engine.url.database
        if self.engine.dialect.name != "sqlite" or not name or name == ":memory:":
            return None
        try:
            stat = Path(name).stat()
        except FileNotFoundError:
            return None
        return stat.st_dev, stat.st_ino

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


@contextmanager
def _reachable() -> Iterator[None]:
    """Translate errors of the database, as opposed to those of a query, into Unavailable."""
    try:
        yield
    except LockTimeout as error:
        raise Unavailable("The database is busy: too many concurrent writes, or another program holds it.") from error
    except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError) as error:
        if _is_full(getattr(error, "orig", None)):
            raise DiskFull("The disk of the database is full.") from error
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise Unavailable(f"The database cannot be used now: {reason}") from error


def _is_full(error: object) -> bool:
    """Whether a driver's error means a full disk."""
    return getattr(error, "sqlite_errorname", "") == "SQLITE_FULL" or getattr(error, "sqlstate", "") == "53100"


def _check(url: sa.URL) -> None:
    """Raises ValueError for an unsupported or malformed address."""
    if url.get_backend_name() not in DIALECTS:
        raise ValueError(f"its address must begin with one of {', '.join(f'{kind}:' for kind in DIALECTS)}")
    if "@" in (url.host or ""):
        raise ValueError("an @ in its password must be written %40")


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN would be late and deferred
    for pragma in (f"busy_timeout={BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _shown(url: str) -> str:
    """An address without anything that may be a password: the part before an @, and the query."""
    return repr(re.sub(r"(?s)(?<=//).*@|.*@", "…@", url).partition("?")[0][:100])
