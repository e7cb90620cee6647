"""The real server, for tests that call it from outside."""

import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
SECONDS_TO_START = 60.0  # generous: two test processes may share one busy core


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def serving(folder, *options, command=(sys.executable, "server.py"), port=None):
    """The real server on this computer, on a free port where none is given, its data in `folder`: gives its URL."""
    port = port or free_port()
    arguments = [*command, "--host", "127.0.0.1", "--port", str(port), "--data-dir", str(folder), *options]
    with (
        tempfile.TemporaryFile("w+") as log,  # a pipe that nobody reads fills up
        subprocess.Popen(arguments, cwd=ROOT, stdout=log, stderr=log) as process,
    ):
        try:
            wait_for(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def wait_for(port, process, log):
    until = time.monotonic() + SECONDS_TO_START
    while not listens(port):
        if process.poll() is not None or time.monotonic() > until:
            log.seek(0)
            raise RuntimeError(f"nothing listens on port {port}: {log.read()}")
        time.sleep(0.02)
