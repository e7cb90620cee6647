"""The API's own description in OpenAPI 3.1, from the tables that the code itself uses."""

from typing import Any

from werkzeug.routing import Map


def document(url_map: Map) -> dict[str, Any]:
    """The document."""
    return {"openapi": "3.1.0", "info": {"title": "Anomaly detection", "version": "0.1.0"}, "paths": {}}
