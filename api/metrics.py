"""The service's own health and its streams as Prometheus metrics; every label has a bounded number of values."""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from alerts import Alerts
from api import stream_metrics
from api.version import VERSION
from store import Unavailable
from streams import Streams, StreamsSnapshot, Tally, Work

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
REQUEST_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)
STATES = ("warming_up", "normal", "anomalous", "silent")


class Metrics:
    """The metrics of one app; nothing is shared between apps. Only the first `max_named` streams have their own."""

    def __init__(self, streams: Streams | None = None, alerts: Alerts | None = None, max_named: int = 1_000) -> None:
        self._streams, self._alerts, self._max_named = streams, alerts, max_named
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "anomaly_http_requests",
            "Requests answered, by route and status.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "anomaly_http_request_seconds",
            "Seconds from a request's last byte to its response, by route.",
            ["route"],
            buckets=REQUEST_SECONDS,
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
        ProcessCollector(registry=self.registry)  # memory, processor time, open files; on Linux
        self.registry.register(WorkCollector(streams))

    def observe(self, detector: str, seconds: Mapping[str, float]) -> None:
        """Counts the stages of one detection."""
        for stage, duration in seconds.items():
            self.seconds.labels(detector, stage).observe(duration)

    def text(self) -> bytes:
        """Everything in the Prometheus text format; while the database is away, what is known without it."""
        own = generate_latest(self.registry)
        if self._streams is None:
            return own
        try:
            stored, named = self._stored(self._streams)
        except Unavailable as error:
            logging.getLogger("anomaly").error("the metrics leave the streams out: %s", error)
            stored, named = [database_up(False)], b""
        return own + to_text(stored) + named

    def _stored(self, streams: Streams) -> tuple[list[Metric], bytes]:
        """What is read from the database, and the samples of the named streams. Raises Unavailable."""
        readings = streams.snapshot(self._max_named)
        families = [database_up(True), *stream_counts(readings)]
        if self._alerts is not None:
            families.append(message_counts(self._alerts.counts()))
        return families, stream_metrics.text(readings.named).encode()

    def count(self, response: Response) -> Response:
        """Counts a request. Every path without a route has the same label value."""
        route = request.url_rule.rule if request.url_rule else "none"
        method = request.method if request.method in METHODS else "other"
        self.observe_request(method, route, str(response.status_code), time.perf_counter() - g.started)
        return response

    def observe_request(self, method: str, route: str, status: str, seconds: float) -> None:
        """Counts a request; each label has few values."""
        self.requests.labels(method, route, status).inc()
        self.request_seconds.labels(route).observe(seconds)


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class FixedCollector(Collector):
    """Families that already exist."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """The families."""
        yield from self._families


def to_text(families: Iterable[Metric]) -> bytes:
    """Families in the Prometheus text format."""
    registry = CollectorRegistry()
    registry.register(FixedCollector(list(families)))
    return generate_latest(registry)


class WorkCollector(Collector):
    """The work of the threads that fit detectors and write points."""

    def __init__(self, streams: Streams | None) -> None:
        self._streams = streams

    def collect(self) -> Iterator[Metric]:
        """The families, as they are now."""
        if self._streams is not None:
            yield from work_families(self._streams.work())


def work_families(work: Work) -> Iterator[Metric]:
    """The work on streams."""
    yield CounterMetricFamily("anomaly_points", "Points of streams that were made durable.", work.points)
    yield CounterMetricFamily("anomaly_pushes", "Pushes that were made durable, counted by stream.", work.pushes)
    yield from tally_families("anomaly_commit", "commits of points", work.commits)
    yield GaugeMetricFamily("anomaly_commits_waiting", "Pushes that wait for a commit.", work.commits_waiting)
    yield from tally_families("anomaly_fit", "fits of the detectors of streams", work.fits)
    yield GaugeMetricFamily("anomaly_fits_waiting", "Streams that wait for a fit.", work.fits_waiting)


def tally_families(name: str, what: str, tally: Tally) -> Iterator[Metric]:
    """Count, seconds and failures of some work."""
    yield SummaryMetricFamily(f"{name}_seconds", f"Seconds of {what}.", tally.count, tally.seconds)
    yield CounterMetricFamily(f"{name}_failures", f"Of the {what}, those that failed.", tally.failures)


def database_up(up: bool) -> Metric:
    """Whether the database answered this scrape."""
    return GaugeMetricFamily("anomaly_database_up", "1 where the database answered this scrape, else 0.", up)


def message_counts(counts: Mapping[tuple[str, str], int]) -> Metric:
    """How many messages there are, by channel and state."""
    text = "Messages about events, by channel: waiting, sent (those of the last 30 days), given_up (likewise)."
    messages = GaugeMetricFamily("anomaly_alert_messages", text, labels=["channel", "state"])
    for labels, number in counts.items():
        messages.add_metric(labels, number)
    return messages


def stream_counts(readings: StreamsSnapshot) -> Iterator[Metric]:
    """How many streams are in each state, and how many have no samples of their own."""
    text = "Streams by state; not_loaded: beyond those named, and not used since the start."
    streams = GaugeMetricFamily("anomaly_streams", text, labels=["state"])
    for state, number in {**dict.fromkeys(STATES, 0), **readings.states}.items():
        streams.add_metric([state], number)
    yield streams
    text = "Streams beyond ANOMALY_METRICS_STREAMS, which have no samples of their own."
    yield GaugeMetricFamily("anomaly_streams_unnamed", text, readings.unnamed)


def start_timer() -> None:
    """Stores when the present request started."""
    g.started = time.perf_counter()


def register(app: Flask) -> None:
    """Counts every request of the app."""
    app.before_request(start_timer)
    app.after_request(app.extensions["anomaly"].metrics.count)
