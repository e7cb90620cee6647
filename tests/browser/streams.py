"""A stream whose every point a test decides: answers in the browser as the service's streams API does."""

import json
import re
import time
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
import numpy as np
from playwright.sync_api import expect

from api.schemas.streams import StreamEvent
from events.scored_points import ScoredPoints
from streams.window_events import window_events
from tests.browser.steps import settle

START = 1_767_571_200_000  # 2026-01-05, a Monday
STEP = 100
COLUMNS = ["times", "values", "expected", "lower", "upper", "score", "is_anomaly", "judged_by", "confidence"]


class Streams:
    """The streams `demo` and `boiler/1`; points come by `push`. `down` lets every request fail."""

    def __init__(self, page, start=START):
        self.start, self.down, self.asked, self.put = start, False, [], []
        self.events, self.policies = [], {}
        self.infos = {
            name: {
                "name": name,
                "detector": "rolling_zscore",
                "params": {"window": 60, "threshold": 3.5, "merge_gap": 2},
                "points": 0,
                "cursor": 0,
                "last_time": None,
                "state": "normal",
            }
            for name in ("demo", "boiler/1")
        }
        self.points = {name: [] for name in self.infos}
        page.route(re.compile(r".*/api/v1/streams.*"), self.answer)

    def push(self, count=1, value=10.0, anomaly=False, name="demo", judged_by="rolling_zscore"):
        kept = self.points[name]
        for _ in range(count):
            at = self.start + len(kept) * STEP
            kept.append(
                [at, value + len(kept) % 5 / 10, 10.0, 8.0, 12.0, 5.0 if anomaly else 0.5, anomaly, judged_by, 0.9]
            )
        self.infos[name].update(points=len(kept), cursor=len(kept), state="anomalous" if anomaly else "normal")

    def answer(self, route):
        request = route.request
        address = urlsplit(request.url)
        query = parse_qs(address.query)
        self.asked.append((time.monotonic(), request.method, address.path, query))
        if self.down:
            route.abort()
            return
        name, _, rest = address.path.removeprefix("/api/v1/streams").removeprefix("/").partition("/")
        name = unquote(name)
        if not name:
            self.json(route, {"streams": list(self.infos.values()), "next": None})
        elif rest == "points":
            self.json(route, self.read(name, query))
        elif rest == "events":
            own = self.policies.get(name)
            self.json(route, {"events": self.events, "cursor": "1.0", "policy": own or {}, "watched": own is not None})
        elif rest == "labels":
            self.json(route, {"labels": []})
        elif rest == "policy":
            self.policy(route, name, request)
        elif rest == "replay":
            self.json(route, self.replayed)
        else:
            if request.method == "PUT":
                self.put.append(json.loads(request.post_data))
                self.infos[name].update(self.put[-1])
            self.json(route, self.infos[name])

    def policy(self, route, name, request):
        if request.method == "PUT":
            self.policies[name] = json.loads(request.post_data)
        there = self.policies.pop(name, None) if request.method == "DELETE" else self.policies.get(name)
        missing = {"error": {"code": "not_found", "message": "Not watched.", "detail": {}}}
        self.json(route, there or missing, 200 if there else 404)

    def read(self, name, query):
        kept, limit = self.points[name], int(query["limit"][0])
        first = int(query["after"][0]) if "after" in query else max(0, len(kept) - limit)
        rows = kept[first : first + limit]
        columns = {column: [row[k] for row in rows] for k, column in enumerate(COLUMNS)}
        merge_gap = self.infos[name]["params"]["merge_gap"]
        events = window_events(
            scored(rows, first), lambda after, most: scored(kept[after : after + most], after), merge_gap
        )
        listed = [msgspec.to_builtins(StreamEvent.from_record(event, as_ms=True)) for event in events]
        return {**columns, "cursor": first + len(rows), "events": listed}

    @property
    def reads(self):
        """How often points were asked for."""
        return len(self.read_at)

    @property
    def read_at(self):
        """When: seconds."""
        return [at for at, _, path, _ in self.asked if path.endswith("/points")]

    @property
    def told(self):
        """How often the state of a stream was asked for."""
        return sum(method == "GET" and path.count("/") == 4 for _, method, path, _ in self.asked)

    @staticmethod
    def json(route, answer, status=200):
        route.fulfill(status=status, content_type="application/json", body=json.dumps(answer))


def scored(rows, first):
    """Rows of `COLUMNS` after the cursor `first` as the service has them."""
    times, *columns, judged_by, confidence = zip(*rows, strict=True) if rows else [()] * len(COLUMNS)
    names = ["values", "expected", "lower", "upper", "score", "is_anomaly"]
    arrays = {name: np.array(column, float) for name, column in zip(names, columns, strict=True)}
    return ScoredPoints(
        times=np.array(times, "datetime64[ms]"),
        **{**arrays, "is_anomaly": arrays["is_anomaly"].astype(bool)},
        judged_by=tuple(judged_by),
        confidence=np.array(confidence, float),
        late=np.zeros(len(rows), bool),
        cursor=first + len(rows),
    )


def open_live(page, address="/live"):
    page.goto(address)
    expect(page.locator("#chart-card")).to_be_visible()
    settle(page)


def shows(page, number):
    """Until the point of this number is the newest that the chart shows."""
    page.wait_for_function(
        "(at) => Chart.getChart('canvas')?.data.datasets[0].data.at(-1)?.x === at", arg=START + number * STEP
    )
