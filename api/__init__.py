"""The dialects of the service: one blueprint each, wired by `register`."""

from flask import Flask

from api import access, errors, headers, metrics
from api.health import health
from api.pages import pages
from api.v1 import v1


def register(app: Flask) -> None:
    """Adds every route, check and error handler to the app."""
    access.register(app)
    metrics.register(app)
    headers.register(app)
    errors.register(app)
    for blueprint in (pages, health, v1):
        app.register_blueprint(blueprint)
