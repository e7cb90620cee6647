"""The HTTP API and the pages: one blueprint for each kind of route, added to an app by `register`."""

from flask import Flask

from api import access, errors, headers, metrics
from api.alerts import alerts
from api.datasets import datasets
from api.detections import detections
from api.health import health
from api.influx import influx
from api.pages import pages
from api.streams import decode_names_late, streams
from api.v1 import v1


def register(app: Flask) -> None:
    """Adds every route, check and error handler to the app."""
    metrics.register(app)  # first, so that refused requests are counted too
    access.register(app)
    headers.register(app)
    errors.register(app)
    decode_names_late(app)
    for blueprint in (pages, health, v1, datasets, detections, streams, alerts, influx):
        app.register_blueprint(blueprint)
