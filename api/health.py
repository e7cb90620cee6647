"""Probes and metrics for the machines around the service, and the API's own description."""

from flask import Blueprint, Response, current_app

from api import openapi
from api.endpoint import endpoint
from api.metrics import CONTENT_TYPE
from api.responses import json_response
from api.schemas.service import Status
from api.state import state

health = Blueprint("health", __name__)


@health.get("/healthz")
@endpoint()
def healthz() -> Status:
    """Reports that the process responds."""
    return Status("ok")


@health.get("/readyz")
@endpoint(statuses=(200, 503))
def readyz() -> tuple[Status, int, dict[str, str]]:
    """Reports whether the detectors are loaded."""
    ready = state().ready.is_set()
    return Status("ready" if ready else "starting"), 200 if ready else 503, {}


@health.get("/metrics")
@endpoint(texts=("text/plain",))
def metrics() -> Response:
    """Returns metrics of the streams and of the service for Prometheus."""
    return Response(state().metrics.text(), content_type=CONTENT_TYPE)


@health.get("/openapi.json")
@endpoint(texts=("application/json",))
def openapi_json() -> Response:
    """Returns this document."""
    return json_response(openapi.document(current_app))
