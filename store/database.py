"""The database: opening it, its schema brought up to date, transactions."""

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
"""How long a writer waits for the database where another program holds it."""
PATIENT, PATIENCE, IMPATIENCE = 8, 2.0, 0.2
"""Meanwhile so many other threads wait for so many seconds, any more for so many: the rest serve those who read."""
KINDS = ("sqlite", "postgresql")

WRITES = 0x616E6F6D616C79
"""The PostgreSQL advisory lock that a write transaction holds: the letters "anomaly"."""

POSTGRESQL: dict[str, Any] = {
    "pool_pre_ping": True,  # connections that died with the server are replaced
    "pool_size": 8,
    "connect_args": {"connect_timeout": 10, "keepalives_idle": 30, "tcp_user_timeout": 30_000}
    | {"options": f"-c lock_timeout={BUSY_MS}"},
}


class CannotOpen(BadInput):
    """The database is not to be had; `detail["url"]` names it, without its password."""

    code = "bad_setting"


class Unavailable(Exception):
    """The database does not answer now, or cannot write; the same may work a little later."""


class NoRoom(Unavailable):
    """The disk is full: nothing is written until there is room again."""


class Database:
    """Connections to one database. Writes follow one another; the queries of a read see one moment.

    On SQLite a write transaction begins with BEGIN IMMEDIATE: one that reads first and then wants to write fails
    as soon as another writes. The write-ahead log lets reading go on meanwhile; synchronous=FULL means that what
    was committed survives a power cut. On PostgreSQL a write transaction takes an advisory lock first, so that what
    is right with one writer is right there too.
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
        self._turns = WriteLock(PATIENT, PATIENCE, IMPATIENCE)
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
            told = str(getattr(error, "orig", None) or error).partition("\n")[0].rstrip(".")
            raise CannotOpen(f"The database {_shown(url)} cannot be opened: {told}.", url=_shown(url)) from error
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
        """The URL it was opened at, with its password: for another process of this service, never to be shown."""
        return self.engine.url.render_as_string(hide_password=False)

    def upgrade(self, revision: str = "head") -> None:
        """Brings the schema to a revision, the newest as a rule; all of the way or not at all."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        with self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection whose queries see one moment. Raises Unavailable."""
        with _reachable(), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def write(self, patience: float | None = None) -> Iterator[sa.Connection]:
        """A transaction, committed and durable at its end, rolled back when an exception leaves it. Raises Unavailable,
        also where others write for longer than a few threads may wait, or this one may: `patience` seconds."""
        with (
            _reachable(),
            self._turns.take(patience),
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            if self.engine.dialect.name != "sqlite":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITES)))
            yield connection
            if self._opened and self._file() != self._opened:  # what is written to a deleted file is gone with it
                raise Unavailable("The database's file was deleted or replaced; start the service again.")

    def _file(self) -> tuple[int, int] | None:
        """What tells the SQLite file at the database's address from any other; None where there is none."""
        name = self.engine.url.database
        if self.engine.dialect.name != "sqlite" or not name or name == ":memory:":
            return None
        try:
            found = Path(name).stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def close(self) -> None:
        """Closes every connection."""
        self.engine.dispose()


@contextmanager
def _reachable() -> Iterator[None]:
    """Raises Unavailable for what the database, not the query, is to blame for."""
    try:
        yield
    except LockTimeout as error:
        raise Unavailable("The database is busy: too much is written at once, or another program holds it.") from error
    except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError) as error:
        if _is_full(getattr(error, "orig", None)):
            raise NoRoom("The disk of the database is full.") from error
        told = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise Unavailable(f"The database cannot be used now: {told}") from error


def _is_full(error: object) -> bool:
    """Whether a driver's error says that there is no room on the disk."""
    return getattr(error, "sqlite_errorname", "") == "SQLITE_FULL" or getattr(error, "sqlstate", "") == "53100"


def _check(url: sa.URL) -> None:
    """Raises ValueError for an address that is none of a database of ours."""
    if url.get_backend_name() not in KINDS:
        raise ValueError(f"its address must begin with one of {', '.join(f'{kind}:' for kind in KINDS)}")
    if "@" in (url.host or ""):
        raise ValueError("an @ in its password must be written %40")


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN would come too late, and deferred
    for pragma in (f"busy_timeout={BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _shown(url: str) -> str:
    """An address without what may be a password: what stands before an @, and the query."""
    return repr(re.sub(r"(?s)(?<=//).*@|.*@", "…@", url).partition("?")[0][:100])
