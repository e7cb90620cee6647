"""Start the server without one part of `http_server`: `python -m benchmarks._server_without PART [options]`."""

import os
import sys
from unittest import mock

import server

PARTS: dict[str, tuple[str, object]] = {
    "fast_path": ("server.FastPath", lambda state: None),  # every request goes through Flask
    "epoll": ("http_server.listen.HAS_EPOLL", False),  # waitress's own loop, with poll()
}

if __name__ == "__main__":
    with mock.patch(*PARTS[sys.argv[1]]):
        code = server.main(sys.argv[2:], os.environ)
    os._exit(code)
