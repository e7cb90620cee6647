"""The database: opening it, its schema brought up to date, transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from errors import BadInput

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_MS = 10_000


class CannotOpen(BadInput):
    """The database is not to be had; `detail["url"]` names it, without its password."""

    code = "bad_setting"


class Database:
    """Connections to one database.

    On SQLite a write transaction begins with BEGIN IMMEDIATE: one that reads first and then wants to write fails
    as soon as another writes. The write-ahead log lets reading go on meanwhile; synchronous=FULL means that what
    was committed survives a power cut.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _prepare)
            sa.event.listen(engine, "begin", _begin)

    @classmethod
    def open(cls, url: str) -> Self:
        """The database at an SQLAlchemy URL, its schema upgraded. Raises CannotOpen."""
        try:
            database = cls(sa.create_engine(url))
            database.upgrade()
        except (sa.exc.SQLAlchemyError, ImportError) as error:
            told = str(getattr(error, "orig", None) or error).partition("\n")[0]
            raise CannotOpen(f"The database {_shown(url)} cannot be opened: {told}.", url=_shown(url)) from error
        return database

    def upgrade(self) -> None:
        """Brings the schema to the newest revision."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        with self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection whose queries see one moment."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction, committed and durable at its end, rolled back when an exception leaves it."""
        with self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Closes every connection."""
        self.engine.dispose()


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN would come too late, and deferred
    for pragma in (f"busy_timeout={BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _shown(url: str) -> str:
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return repr(url[:100])
