"""Requests that store nothing: detect, parse, detectability, demo series, the list of detectors."""

from contextlib import nullcontext
from typing import Any, cast

from flask import Blueprint, Response

import anomaly_detection
from api.concurrency import deadline_check
from api.detector_params import all_params
from api.endpoint import BODY_ERRORS, JsonSchema, endpoint
from api.openapi_parts import (
    DETECT_BODY,
    TIMES,
    detect_query,
    detectability_query,
    param_help,
    param_schema,
    query_param,
)
from api.request_params import parse_number, query_params, times_as_ms, wants_csv
from api.responses import csv_response, demo_csv, detection_csv
from api.schemas.demo import DemoKind, DemoKindList, DemoSeries
from api.schemas.detectability import MODES, Detectability, Mode, Source
from api.schemas.detection import Detection
from api.schemas.detectors import Detector, DetectorList
from api.schemas.table import ParsedSeries
from api.series_input import parse_request, with_detector
from api.state import state
from data_generation import KINDS, demo
from detectors import all_detectors, find_detector
from errors import BadParameter
from evaluation import detectability
from jobs import Stopwatch
from parameters import parameters

v1 = Blueprint("v1", __name__, url_prefix="/api/v1")

DEMO_NUMBERS = parameters(demo)
MAX_SYNCHRONOUS_POINTS = 20_000
"""A demo of up to this many points needs no turn; a longer one waits for its turn, as detections do."""


@v1.post("/detect")
@endpoint(texts=("text/csv",), errors=BODY_ERRORS, query=detect_query, body=DETECT_BODY)
def detect() -> Detection | Response:
    """Scores every point of a series."""
    as_ms = times_as_ms()
    with state().detection_limit.acquire():
        parsed, name = with_detector(parse_request())
        stopwatch = Stopwatch()
        with stopwatch("read"):
            table = parsed.read_table()
        result = anomaly_detection.detect(table.series(), find_detector(name), parsed.params, timer=stopwatch)
        seconds = stopwatch.seconds
        state().metrics.observe(name, seconds)
        if wants_csv():
            return csv_response(detection_csv(result, as_ms=as_ms), "detection")
        return Detection.from_result(name, table, result, seconds, as_ms=as_ms)


@v1.post("/detectability")
@endpoint(errors=BODY_ERRORS, query=detectability_query, body=DETECT_BODY)
def measure_detectability() -> Detectability:
    """Reports which faults are detected here: injects known ones into copies of a series and scores these."""
    with state().detection_limit.acquire():
        request = parse_request()
        mode = check_mode(request.params.pop("mode", MODES[0]))
        parsed, name = with_detector(request)
        detector = find_detector(name)
        table = parsed.read_table()
        report = detectability.measure_detectability(
            table.series(), detector, parsed.params, online=mode == "online", should_stop=deadline_check()
        )
        params = all_params(detector, parsed.params)
        return Detectability.from_report(report, Source.from_table(table), name, params, mode)


@v1.post("/parse")
@endpoint(errors=BODY_ERRORS, query=detect_query, body=DETECT_BODY)
def parse() -> ParsedSeries:
    """Parses a series without scoring it; takes the same requests as detect."""
    as_ms = times_as_ms()
    with state().detection_limit.acquire():
        parsed, _ = with_detector(parse_request())
        return ParsedSeries.from_table(parsed.read_table(), as_ms=as_ms)


@v1.get("/detectors")
@endpoint()
def list_detectors() -> DetectorList:
    """Lists the detectors and their parameters; the first is the default."""
    detectors = all_detectors()
    return DetectorList([Detector.from_class(name, detector) for name, detector in detectors.items()])


def demo_query() -> list[JsonSchema]:
    """The query of a demo series."""
    kind = {"enum": list(KINDS), "default": next(iter(KINDS))}
    numbers = [query_param(name, param_schema(param), param_help(param)) for name, param in DEMO_NUMBERS.items()]
    return [query_param("kind", kind, "Its kind."), *numbers, TIMES]


@v1.get("/demo")
@endpoint(texts=("text/csv",), errors=(400, 403), query=demo_query)
def demo_series() -> DemoSeries | Response:
    """Generates a labelled demo series."""
    as_ms = times_as_ms()
    arguments = demo_arguments()
    points = arguments.get("points")
    is_long = isinstance(points, float) and points > MAX_SYNCHRONOUS_POINTS
    with state().detection_limit.acquire() if is_long else nullcontext():
        generated = demo(**arguments)
        if wants_csv():
            return csv_response(demo_csv(generated, as_ms=as_ms), f"demo-{generated.kind}")
        return DemoSeries.from_demo(generated, as_ms=as_ms)


@v1.get("/demo/kinds")
@endpoint()
def list_demo_kinds() -> DemoKindList:
    """Lists the kinds of demo series."""
    return DemoKindList([DemoKind(kind.name, kind.title, kind.help) for kind in KINDS.values()])


def demo_arguments() -> dict[str, Any]:
    """The query as arguments of `demo`, which checks the numbers. Raises UnknownName for other names."""
    params = query_params("kind", *DEMO_NUMBERS)
    return {name: parse_number(text) if name in DEMO_NUMBERS else text for name, text in params.items()}


def check_mode(mode: Any) -> Mode:
    """The mode. Raises BadParameter for an unknown one."""
    if mode not in MODES:
        raise BadParameter("mode must be offline or online.", name="mode", choices=list(MODES))
    return cast(Mode, mode)
