"""The web application: `create_app(settings)` wires it, and starts and opens nothing."""

from flask import Flask

import api
from api.metrics import Metrics
from api.slots import Slots
from api.state import State
from settings import Settings

DEFAULTS = Settings()


def create_app(settings: Settings = DEFAULTS) -> Flask:
    """A WSGI application with these settings."""
    app = Flask("app")
    app.config["MAX_CONTENT_LENGTH"] = settings.max_upload_bytes
    app.url_map.merge_slashes = False  # a redirect is no answer that a program expects
    slots = Slots(settings.detections_at_once, settings.queued_detections, settings.queue_seconds)
    app.extensions["anomaly"] = State(settings, slots, Metrics())
    api.register(app)
    return app
