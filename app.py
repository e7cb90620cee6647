"""The web application: `create_app(settings)` wires it, and starts and opens nothing."""

from flask import Flask

import api
from alerts import Alerts
from api.concurrency import ConcurrencyLimit
from api.metrics import Metrics
from api.state import State
from datasets.datasets import Datasets
from jobs import JobQueue
from settings import Settings
from streams import Streams

DEFAULTS = Settings()


def create_app(
    settings: Settings = DEFAULTS,
    streams: Streams | None = None,
    alerts: Alerts | None = None,
    jobs: JobQueue | None = None,
    datasets: Datasets | None = None,
) -> Flask:
    """A WSGI application with these settings; routes of services that are left out respond with 503."""
    app = Flask("app")
    app.config["MAX_CONTENT_LENGTH"] = settings.max_upload_bytes
    app.url_map.merge_slashes = False  # programs do not expect a redirect
    detection_limit = ConcurrencyLimit(settings.detection_slots, settings.max_queued_requests, settings.queue_seconds)
    write_limit = ConcurrencyLimit(1, settings.max_queued_requests, settings.queue_seconds)
    metrics = Metrics(streams, alerts, settings.metrics_streams)
    app.extensions["anomaly"] = State(
        settings,
        detection_limit,
        write_limit,
        metrics,
        streams=streams,
        alerts=alerts,
        jobs=jobs,
        datasets=datasets,
    )
    api.register(app)
    return app
