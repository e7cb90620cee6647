"""Waitress as patched here: connections, the epoll loop, listening.

Waitress has no public hooks for what these modules change, so they override private methods of one version;
`tests/http_server/test_waitress_version.py` fails on another. `docs/decisions` gives the reason for each part, and
`./run bench http_server` the figures.
"""

WAITRESS_VERSION = "3.0.2"
"""The version whose private methods are overridden."""
