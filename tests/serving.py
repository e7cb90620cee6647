"""The real server, for tests that call it from outside."""

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
    """For programs that cannot choose one themselves: another may take it meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@contextmanager
def served(folder, *options, command=(sys.executable, "server.py"), port=0):
    """The real server on this computer, its data in `folder`, on a port that it finds itself where none is given:
    gives its process and its URL."""
    arguments = [*command, "--host", "127.0.0.1", "--port", str(port), "--data-dir", str(folder), *options]
    with (
        tempfile.TemporaryDirectory() as place,
        Path(place, "log").open("w") as log,  # a pipe that nobody reads fills up
        subprocess.Popen(arguments, cwd=ROOT, stdout=log, stderr=log) as process,
    ):
        try:
            yield process, f"http://127.0.0.1:{until(lambda: port_told(process, Path(log.name)))}"
        finally:
            process.terminate()


@contextmanager
def serving(folder, *options, **more):
    """As `served`: gives the URL alone."""
    with served(folder, *options, **more) as (_, url):
        yield url


def port_told(process, log):
    """The port on which the server says that it listens; None while it does not."""
    ended = process.poll() is not None  # before its last words are read
    said = log.read_text()
    if told := LISTENS.search(said):
        return told[1]
    if ended:
        raise RuntimeError(f"the server does not listen: {said}")
    return None
