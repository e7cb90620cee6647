"""The pages for people."""

from flask import Blueprint, render_template

from api.endpoint import endpoint

pages = Blueprint("pages", __name__)


@pages.get("/")
@endpoint(texts=("text/html",))
def index() -> str:
    """The page that finds the anomalies of a file."""
    return render_template("index.html")


@pages.get("/live")
@endpoint(texts=("text/html",))
def live() -> str:
    """The page that shows a stream as it grows."""
    return render_template("live.html")


@pages.get("/docs")
@endpoint(texts=("text/html",))
def docs() -> str:
    """The API, to read and to try."""
    return render_template("docs.html")
