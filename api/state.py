"""The services and limits of one running app."""

import threading
from dataclasses import dataclass, field
from typing import cast

from flask import current_app

from alerts import Alerts
from api.concurrency import ConcurrencyLimit
from api.metrics import Metrics
from datasets.datasets import Datasets
from jobs import JobQueue
from settings import Settings
from streams import Streams


@dataclass(frozen=True)
class State:
    """What the routes of one app share.

    settings         read once
    detection_limit  number of concurrent long computations
    write_limit      the same for large bodies in line protocol
    metrics          counts of requests and detections
    ready            set once the detectors are loaded
    streams, alerts, jobs, datasets  None in an app without a store
    """

    settings: Settings
    detection_limit: ConcurrencyLimit
    write_limit: ConcurrencyLimit
    metrics: Metrics
    ready: threading.Event = field(default_factory=threading.Event)
    streams: Streams | None = None
    alerts: Alerts | None = None
    jobs: JobQueue | None = None
    datasets: Datasets | None = None


def state() -> State:
    """The state of the app that handles the present request."""
    return cast(State, current_app.extensions["anomaly"])
