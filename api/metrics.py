"""The service's own health as Prometheus metrics; every label has few values."""

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from flask import Flask, Response, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

VERSION = "0.1.0"
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)

R = TypeVar("R")


class Metrics:
    """Counts of one app; nothing is shared between apps."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "anomaly_http_requests",
            "Requests answered, by route and status.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "anomaly_detect_seconds",
            "Seconds of each stage of a detection.",
            ["detector", "stage"],
            buckets=SECONDS,
            registry=self.registry,
        )
        build = Gauge("anomaly_build_info", "Always 1; the version is a label.", ["version"], registry=self.registry)
        build.labels(VERSION).set(1)
        started = time.monotonic()
        uptime = Gauge("anomaly_uptime_seconds", "Seconds since the start.", registry=self.registry)
        uptime.set_function(lambda: time.monotonic() - started)

    def observe(self, detector: str, seconds: Mapping[str, float]) -> None:
        """Counts the stages of one detection."""
        for stage, took in seconds.items():
            self.seconds.labels(detector, stage).observe(took)

    def text(self) -> bytes:
        """Everything, in the Prometheus text format."""
        return generate_latest(self.registry)

    def count(self, response: Response) -> Response:
        """Counts an answered request. A path that no route knows is one label value, whatever it says."""
        route = request.url_rule.rule if request.url_rule else "none"
        method = request.method if request.method in METHODS else "other"
        self.requests.labels(method, route, str(response.status_code)).inc()
        return response


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def timed(work: Callable[[], R]) -> tuple[R, float]:
    """What `work` returns, and the seconds it took."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def register(app: Flask) -> None:
    """Counts every request of the app."""
    app.after_request(app.extensions["anomaly"].metrics.count)
