"""The pages a person opens."""

from flask import Blueprint, render_template

pages = Blueprint("pages", __name__)


@pages.get("/")
def index() -> str:
    """The page: a file, a click, its anomalies."""
    return render_template("index.html")


@pages.get("/live")
def live() -> str:
    """Any stream, watched as it grows."""
    return render_template("live.html")


@pages.get("/docs")
def docs() -> str:
    """The API, readable and tryable."""
    return render_template("docs.html")
