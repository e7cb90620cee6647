"""Headers of every response: what a browser may do with it, and how long it may cache it."""

from flask import Flask, Response, request

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def add_headers(response: Response) -> Response:
    """Adds ALWAYS and Cache-Control."""
    response.headers.update(ALWAYS)
    response.headers["Cache-Control"] = cache_control(request.path, response.status_code)
    return response


def cache_control(path: str, status: int) -> str:
    """Vendored files have their version in their name and never change; our own scripts are validated each time, by
    ETag; pages and responses of the API are not cached."""
    if not path.startswith("/static/") or status >= 400:
        return "no-store"
    return "public, max-age=31536000, immutable" if path.startswith("/static/vendor/") else "no-cache"


def register(app: Flask) -> None:
    """Adds the headers to every response of the app."""
    app.after_request(add_headers)
