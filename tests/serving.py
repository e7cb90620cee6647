"""Starts the real server for tests that call it over HTTP."""

import re
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import until

ROOT = Path(__file__).parent.parent
LISTENS = re.compile(r"^Open http://\S+:(\d+)/ in a browser", re.MULTILINE)


def free_port():
    """A free port, for programs that cannot choose one; another process may take it first."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@contextmanager
def served(folder, *options, command=(sys.executable, "server.py"), port=0):
    """Runs the real server with its data in `folder`, on a free port by default. Yields its process and its URL."""
    arguments = [*command, "--host", "127.0.0.1", "--port", str(port), "--data-dir", str(folder), *options]
    with (
        tempfile.TemporaryDirectory() as place,
        Path(place, "log").open("w") as log,  # an unread pipe would fill up
        subprocess.Popen(arguments, cwd=ROOT, stdout=log, stderr=log) as process,
    ):
        try:
            yield process, f"http://127.0.0.1:{until(lambda: listening_port(process, Path(log.name)))}"
        finally:
            process.terminate()


@contextmanager
def serving(folder, *options, **more):
    """As `served`, but yields only the URL."""
    with served(folder, *options, **more) as (_, url):
        yield url


def listening_port(process, log):
    """The port in the server's log, or None before it listens. Raises RuntimeError where it has ended."""
    ended = process.poll() is not None  # checked before the log is read, so that the log is complete
    log_text = log.read_text()
    if match := LISTENS.search(log_text):
        return match[1]
    if ended:
        raise RuntimeError(f"the server does not listen: {log_text}")
    return None
