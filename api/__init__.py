"""The dialects of the service: one blueprint each, wired by `register`."""

from flask import Flask

from api import access, errors, headers, metrics
from api.alerts import alerts
from api.datasets import series
from api.detections import detections
from api.health import health
from api.influx import influx
from api.pages import pages
from api.streams import register as keep_names
from api.streams import streams
from api.v1 import v1


def register(app: Flask) -> None:
    """Adds every route, check and error handler to the app."""
    metrics.register(app)  # first, so that what is refused is counted too
    access.register(app)
    headers.register(app)
    errors.register(app)
    keep_names(app)
    for blueprint in (pages, health, v1, series, detections, streams, alerts, influx):
        app.register_blueprint(blueprint)
