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
    uploads: Datasets | None = None,
) -> Flask:
    """A WSGI application with these settings; what is left out is answered with 503."""
    app = Flask("app")
    app.config["MAX_CONTENT_LENGTH"] = settings.max_upload_bytes
    app.url_map.merge_slashes = False  # a redirect is no answer that a program expects
    slots = ConcurrencyLimit(settings.detection_slots, settings.max_queued_requests, settings.queue_seconds)
    writes = ConcurrencyLimit(1, settings.max_queued_requests, settings.queue_seconds)
    metrics = Metrics(streams, alerts, settings.metrics_streams)
    app.extensions["anomaly"] = State(
        settings, slots, writes, metrics, streams=streams, alerts=alerts, jobs=jobs, uploads=uploads
    )
    api.register(app)
    return app
