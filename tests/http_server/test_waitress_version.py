"""`http_server` overrides private methods of one version of waitress."""

from importlib.metadata import version

from http_server import WAITRESS_VERSION


def test_waitress_is_the_version_that_http_server_was_written_for():
    installed = version("waitress")
    assert installed == WAITRESS_VERSION, (
        f"waitress {installed} is installed, and http_server overrides private methods of {WAITRESS_VERSION}. Read its "
        "changes to channel.py, parser.py, task.py and server.py, run tests/http_server and tests/test_server.py, then "
        "set WAITRESS_VERSION."
    )


def test_the_pinned_version_is_the_same(pytestconfig):
    pins = (pytestconfig.rootpath / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert f"waitress=={WAITRESS_VERSION}" in pins
