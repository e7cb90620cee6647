"""The service's only starter: reads the settings, builds the app, listens, serves, ends."""

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
from store import CannotOpen, DatasetStore, Store
from streams import Streams

DATABASE = "anomaly.db"

WRONG_USAGE = 2


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Serves until SIGINT or SIGTERM. Returns the exit code."""
    try:
        settings = read(arguments, environment)
        prepare_data_dir(settings)
        store = Store.open(settings.database_url or f"sqlite:///{(settings.data_dir / DATABASE).resolve()}")
        streams = Streams(store, capacity=settings.stream_capacity, most=settings.max_streams)
        alerts = Alerts(store, channels_of(settings))
        jobs = JobQueue(store, most_waiting=settings.max_queued_jobs, most_bytes=settings.max_dataset_bytes)
        uploads = Datasets(DatasetStore(store.database), settings.max_dataset_bytes, settings.dataset_retention_days)
        app = create_app(settings, streams, alerts, jobs, uploads)
        server, port = listen(app, settings, FastPath(app.extensions["anomaly"]))
    except (BadSetting, CannotOpen) as error:
        sys.stderr.write(f"server.py: {error.message}\n")
        return WRONG_USAGE
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    sys.stdout.write(f"Open {address(settings, port)} in a browser; Ctrl+C ends the service.\n")
    sys.stdout.flush()
    threading.Thread(target=warm_up, args=(app.extensions["anomaly"].ready,), daemon=True, name="warm-up").start()
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
    """Makes the data directory, and lets uploads be buffered there and nowhere else. Raises BadSetting."""
    uploads = settings.data_dir / "uploads"
    try:
        uploads.mkdir(parents=True, exist_ok=True)
        tempfile.tempdir = str(uploads)  # where waitress and Flask keep a large body while it arrives
        tempfile.TemporaryFile().close()
    except OSError as error:
        message = f"{flag('data_dir')} {settings.data_dir} cannot be written to: {error.strerror}."
        raise BadSetting(message, name=variable("data_dir")) from error


def address(settings: Settings, port: int) -> str:
    """What to click on: a server that listens everywhere is called by the name of this computer to itself."""
    host = "localhost" if settings.host in {"0.0.0.0", "::", "127.0.0.1", "::1"} else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def warm_up(ready: threading.Event) -> None:
    """Uses every detector once, so that the first request does not wait for what they import and set up."""
    from detectors import DETECTORS

    series = demo(points=400).series
    for detector in DETECTORS.values():
        detector.fit(series).detect(series)
    ready.set()


def end(number: int, frame: FrameType | None) -> None:
    """Ends the server's loop."""
    raise SystemExit(0)


if __name__ == "__main__":
    code = main(sys.argv[1:], os.environ)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a detection may still be at work in torch, which aborts when the interpreter ends under it
