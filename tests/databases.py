"""A PostgreSQL server that the tests start, and databases in it."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.serving import free_port

PASSWORD = "t0p-secret"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "300",
    "shared_buffers": "32MB",
    "fsync": "off",  # a killed server loses nothing without it; only a power cut would
}


def find_program(name):
    """The path of a PostgreSQL program, or None; Debian installs them outside PATH."""
    paths = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(paths[-1]) if paths else None)


class Server:
    """A PostgreSQL server with its data in a new folder; as root it runs as `nobody`, because it refuses root."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="postgresql-")
        self.port = free_port()
        self.as_user = []
        if os.name == "posix" and os.geteuid() == 0:
            shutil.chown(self.folder, "nobody")
            group = os.stat(self.folder).st_gid
            # Not subprocess's own `user`: that forks, which hangs while torch's threads run.
            self.as_user = ["setpriv", "--reuid=nobody", f"--regid={group}", "--clear-groups"]
        password = Path(self.folder, "password")
        password.write_text(PASSWORD)
        password.chmod(0o644)
        # A collation other than SQLite's, to test that the store requests its own.
        locale = ("--locale-provider=icu", "--icu-locale=en-US", "--locale=C", "--encoding=UTF8")
        login = ("--auth=scram-sha-256", "--username=tests", f"--pwfile={password}")
        self.run("initdb", "--pgdata", f"{self.folder}/data", *locale, *login, "--no-sync")
        self.start()

    def run(self, name, *arguments):
        log = Path(self.folder, f"{name}.log")
        with log.open("w") as out:  # a pipe would be held open by the server that pg_ctl starts
            command = [*self.as_user, find_program(name), *arguments]
            done = subprocess.run(command, cwd=self.folder, stdout=out, stderr=out)
        if done.returncode:
            raise RuntimeError(f"{name} failed: {log.read_text()}")

    def start(self):
        settings = {**SETTINGS, "port": self.port, "unix_socket_directories": self.folder}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self.run("pg_ctl", "start", "--wait", "-D", f"{self.folder}/data", "-o", options, "-l", f"{self.folder}/log")

    def stop(self, mode="fast"):
        self.run("pg_ctl", "stop", "--wait", "-D", f"{self.folder}/data", "-m", mode)

    def url(self, database):
        return f"postgresql+psycopg://tests:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def new(self):
        """The URL of a new, empty database."""
        name = f"t{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def drop(self, url):
        """Deletes a database that `new` created; deleting a hundred at the end takes long."""
        self.execute(f"DROP DATABASE {sa.make_url(url).database} WITH (FORCE)")

    def execute(self, statement):
        engine = sa.create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


@contextlib.contextmanager
def postgresql():
    """A running server; skips the test with a message where PostgreSQL is not installed."""
    if find_program("initdb") is None or find_program("pg_ctl") is None:
        pytest.skip("SKIPPED: PostgreSQL is not installed (Debian: apt-get install postgresql); its tests did not run")
    server = Server()
    try:
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(server.folder, ignore_errors=True)
