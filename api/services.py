"""The services behind the routes; an app that was made without a store has none of them."""

from typing import TypeVar

from alerts import Alerts
from api.errors import Refused
from api.state import state
from datasets.datasets import Datasets
from jobs import JobQueue
from streams import Streams

Service = TypeVar("Service")


def get_streams() -> Streams:
    """The streams. Raises Refused (503)."""
    return required(state().streams, "it stores no streams")


def get_datasets() -> Datasets:
    """The uploaded datasets. Raises Refused (503)."""
    return required(state().datasets, "it stores no datasets")


def get_jobs() -> JobQueue:
    """The queue of detections. Raises Refused (503)."""
    return required(state().jobs, "it stores no detections")


def get_alerts() -> Alerts:
    """The alerts. Raises Refused (503)."""
    return required(state().alerts, "it watches no streams")


def required(service: Service | None, consequence: str) -> Service:
    """The service. Raises Refused (503) where the app has none."""
    if service is None:
        raise Refused(503, "no_store", f"This service was started without a store; {consequence}.")
    return service
