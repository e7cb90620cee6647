"""Start the server without one part of `http_server`: `python -m benchmarks._server_without PART [options]`."""

import os
import sys
from collections.abc import Callable

from waitress.task import WSGITask  # type: ignore[import-untyped]  # waitress ships no types

import http_server.channel
import http_server.listen
import server


def without_fast_path() -> None:
    """Send every request through Flask."""
    server.FastPath = lambda state: None  # type: ignore[assignment, misc, attr-defined]  # that is what is measured


def without_epoll() -> None:
    """Use waitress's own loop, with poll()."""
    http_server.listen.HAS_EPOLL = False


def without_gathering() -> None:
    """Send the head and the body of a response separately, as waitress does."""
    http_server.listen.SEND_AT_ONCE = 1


def without_keep_alive() -> None:
    """Close the connection after each response without a body, as waitress does."""
    task = http_server.channel.KeepAliveTask
    task.set_close_on_finish = WSGITask.set_close_on_finish  # type: ignore[method-assign]  # as above


PARTS: dict[str, Callable[[], None]] = {
    "fast_path": without_fast_path,
    "epoll": without_epoll,
    "gathering": without_gathering,
    "keep_alive": without_keep_alive,
}

if __name__ == "__main__":
    PARTS[sys.argv[1]]()
    code = server.main(sys.argv[2:], os.environ)
    os._exit(code)
