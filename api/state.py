"""What one running service holds beside its settings."""

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
    """settings: read once; slots: the turns of long work; writes: those of large bodies in line protocol;
    metrics: the service's own health; ready: set once warm; the rest: None in an app without a store."""

    settings: Settings
    slots: ConcurrencyLimit
    writes: ConcurrencyLimit
    metrics: Metrics
    ready: threading.Event = field(default_factory=threading.Event)
    streams: Streams | None = None
    alerts: Alerts | None = None
    jobs: JobQueue | None = None
    uploads: Datasets | None = None


def state() -> State:
    """The state of the app that serves the present request."""
    return cast(State, current_app.extensions["anomaly"])
