"""What the machines around the service ask: is it alive, is it ready, how does it do, what can it do."""

from flask import Blueprint, Response, current_app

from api import openapi
from api.metrics import CONTENT_TYPE
from api.responses import to_json
from api.state import state

health = Blueprint("health", __name__)


@health.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return Response(to_json({"status": "ok"}), mimetype="application/json")


@health.get("/readyz")
def readyz() -> Response:
    """The detectors are loaded."""
    ready = state().ready.is_set()
    body = to_json({"status": "ready" if ready else "starting"})
    return Response(body, 200 if ready else 503, mimetype="application/json")


@health.get("/metrics")
def metrics() -> Response:
    """The streams and the service's own health as Prometheus metrics."""
    return Response(state().metrics.text(), content_type=CONTENT_TYPE)


@health.get("/openapi.json")
def openapi_json() -> Response:
    """This document."""
    return Response(to_json(openapi.document(current_app)), mimetype="application/json")
