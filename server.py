"""Start the service: read the settings, open the store, build the app, listen, serve until a signal."""

import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from types import FrameType

import blas_threads  # noqa: F401 -- first of all: it must be there before numpy is
from alerts import Alerts, channels_of
from api.fast_path import FastPath
from app import create_app
from data_generation import demo
from datasets.datasets import Datasets
from http_server.listen import listen
from jobs import JobQueue
from settings import BadSetting, Settings, flag, read, variable
from store import CannotOpen, DatasetStore, StreamStore
from streams import Streams

DATABASE = "anomaly.db"

EXIT_USAGE = 2
"""Exit code for an invalid setting, as argparse has it."""


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Serve until SIGINT or SIGTERM. Return the exit code."""
    try:
        settings = read(arguments, environment)
        prepare_data_dir(settings)
        store = StreamStore.open(settings.database_url or f"sqlite:///{(settings.data_dir / DATABASE).resolve()}")
        streams = Streams(store, capacity=settings.stream_capacity, max_streams=settings.max_streams)
        alerts = Alerts(store, channels_of(settings))
        jobs = JobQueue(store, max_queued=settings.max_queued_jobs, max_bytes=settings.max_dataset_bytes)
        datasets = Datasets(DatasetStore(store.database), settings.max_dataset_bytes, settings.dataset_retention_days)
        app = create_app(settings, streams, alerts, jobs, datasets)
        server, port = listen(app, settings, FastPath(app.extensions["anomaly"]))
    except (BadSetting, CannotOpen) as error:
        sys.stderr.write(f"server.py: {error.message}\n")
        return EXIT_USAGE
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    sys.stdout.write(f"Open {address(settings, port)} in a browser; Ctrl+C ends the service.\n")
    sys.stdout.flush()
    threading.Thread(
        target=preload_detectors, args=(app.extensions["anomaly"].ready,), daemon=True, name="warm-up"
    ).start()
    streams.start()
    alerts.start()
    jobs.start()
    server.run()
    jobs.stop()
    alerts.stop()
    streams.stop()
    store.close()
    return 0


def prepare_data_dir(settings: Settings) -> None:
    """Create the data directory and buffer uploads there. Raises BadSetting if it is not writable."""
    uploads = settings.data_dir / "uploads"
    try:
        uploads.mkdir(parents=True, exist_ok=True)
        tempfile.tempdir = str(uploads)  # where waitress and Flask buffer large bodies
        tempfile.TemporaryFile().close()
    except OSError as error:
        message = f"{flag('data_dir')} {settings.data_dir} cannot be written to: {error.strerror}."
        raise BadSetting(message, name=variable("data_dir")) from error


def address(settings: Settings, port: int) -> str:
    """Return the URL to open; a server that listens on every address is called localhost."""
    host = "localhost" if settings.host in {"0.0.0.0", "::", "127.0.0.1", "::1"} else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def preload_detectors(ready: threading.Event) -> None:
    """Use every detector once, so that the first request does not wait for imports."""
    from detectors.registry import DETECTORS

    series = demo(points=400).series
    for detector in DETECTORS.values():
        detector.fit(series).detect(series)
    ready.set()


def end(number: int, frame: FrameType | None) -> None:
    """End the server's loop."""
    raise SystemExit(0)


if __name__ == "__main__":
    code = main(sys.argv[1:], os.environ)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # torch aborts when the interpreter exits while a detection runs
