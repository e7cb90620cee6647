"""The service's own REST API, version 1."""

from collections.abc import Iterable
from contextlib import ExitStack, nullcontext
from tempfile import SpooledTemporaryFile
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wsgi import wrap_file

from api import detector_registry, responses
from api.concurrency import deadline_check
from api.metrics import timed
from api.request_body import ParsedRequest, number, parse_request, query, words
from api.state import state
from data_generation import KINDS, demo
from detectors import default_detector, find_detector
from errors import BadParameter, UnknownName
from evaluation import detectability
from parameters import parameters
from store import DiskFull

v1 = Blueprint("v1", __name__, url_prefix="/api/v1")


@v1.post("/detect")
def detect() -> Response:
    """Judges every point of a series."""
    as_ms = times_as_ms()
    with state().slots.take():
        question, name = asked_of_detector()
        detector = find_detector(name)
        table, read = timed(question.table)
        series = table.series()
        fitted, fit = timed(lambda: detector.fit(series, **question.params))
        detection, judged = timed(lambda: fitted.detect_offline(series))
        seconds = {"read": read, "fit": fit, "detect": judged}
        state().metrics.observe(name, seconds)
        if wants_csv():
            return csv(responses.detection_csv(detection, as_ms=as_ms), "detection")
        return json({"detector": name, **responses.of_detection(table, detection, seconds, as_ms=as_ms)})


@v1.post("/detectability")
def measure_detectability() -> Response:
    """Says what would be caught here: plants known faults into quiet stretches of a series, and judges them."""
    with state().slots.take():
        question = parse_request()
        mode = question.params.pop("mode", MODES[0])
        if mode not in MODES:
            raise BadParameter("mode must be offline or online.", name="mode", choices=list(MODES))
        name = question.detector or default_detector()
        detector = find_detector(name)
        detector_registry.check_parameters(detector, question.params)
        table = question.table()
        series = table.series()
        found = detectability.measure_detectability(
            series, detector, question.params, online=mode == "online", should_stop=deadline_check()
        )
        told = {"detector": name, "mode": mode, "params": detector_registry.completed(detector, question.params)}
        return json({**told, **responses.of_source(table, series), **responses.of_catches(found, table.repairs)})


@v1.post("/parse")
def parse() -> Response:
    """Says what is understood of a series, without judging it; takes the same requests as detect."""
    as_ms = times_as_ms()
    with state().slots.take():
        table = asked_of_detector()[0].table()
        return json(responses.of_table(table, table.series(), as_ms=as_ms))


@v1.get("/detectors")
def list_detectors() -> Response:
    """The detectors and their parameters; the first is the default."""
    return json({"detectors": detector_registry.described()})


@v1.get("/demo")
def demo_series() -> Response:
    """A labelled demo series."""
    as_ms = times_as_ms()
    arguments = demo_arguments(words(query()))
    points = arguments.get("points")
    with state().slots.take() if isinstance(points, float) and points > QUICK_POINTS else nullcontext():
        made = demo(**arguments)
        if wants_csv():
            return csv(responses.demo_csv(made, as_ms=as_ms), f"demo-{made.kind}")
        return json(responses.of_demo(made, as_ms=as_ms))


@v1.get("/demo/kinds")
def list_demo_kinds() -> Response:
    """The kinds of demo series."""
    kinds = [{"name": kind.name, "title": kind.title, "help": kind.help} for kind in KINDS.values()]
    return json({"kinds": kinds})


def asked_of_detector() -> tuple[ParsedRequest, str]:
    """What the request asks, and the name of the detector it asks. Raises BadInput; see `parse_request`."""
    question = parse_request()
    name = question.detector or default_detector()
    detector_registry.check_parameters(find_detector(name), question.params)
    return question, name


def demo_arguments(given: dict[str, str]) -> dict[str, Any]:
    """The query of a demo as arguments of `demo`, which checks the numbers. Raises UnknownName for other names."""
    known = ("kind", *DEMO_NUMBERS)
    for name in given:
        if name not in known:
            message = f"There is no parameter {name!r} here; use one of {', '.join(known)}."
            raise UnknownName(message, name=name, known=sorted(known))
    return {name: number(text) if name in DEMO_NUMBERS else text for name, text in given.items()}


HELD_BYTES = 1024 * 1024
"""Most of a CSV answer that is held in memory; a longer one is put on the disk."""
MODES = ("offline", "online")
"""How injected faults are scored: offline with later points too, as detect does; online with earlier points only, as in
a stream."""
DEMO_NUMBERS = parameters(demo)
QUICK_POINTS = 20_000
"""A demo of up to this many points is made at once; a longer one waits for its turn, as detections do."""


def times_as_ms() -> bool:
    """Whether times are answered as epoch milliseconds. Raises BadParameter for any other word than ms or iso."""
    text = request.args.get("times", "iso")
    if text not in {"iso", "ms"}:
        raise BadParameter("times must be iso or ms.", name="times", choices=["iso", "ms"])
    return text == "ms"


def wants_csv() -> bool:
    """Whether the Accept header prefers CSV to JSON."""
    return request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv"


def json(told: dict[str, Any]) -> Response:
    """A JSON answer."""
    response = Response(responses.to_json(told), mimetype="application/json")
    response.vary.add("Accept")
    return response


def csv(pieces: Iterable[bytes], name: str) -> Response:
    """A CSV answer, which a browser saves under this name. Raises NoRoom."""
    response = sent(pieces, "text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.vary.add("Accept")
    return response


def sent(pieces: Iterable[bytes], mimetype: str) -> Response:
    """An answer of a file. A long one waits on the disk for whoever fetches it: neither memory nor a thread is held
    for those who are slow. Raises NoRoom."""
    with ExitStack() as unless_sent:
        file = unless_sent.enter_context(SpooledTemporaryFile(max_size=HELD_BYTES))
        try:
            for piece in pieces:  # writelines() would look at the size once, after the last
                file.write(piece)
        except OSError as error:
            raise DiskFull(f"a file to be sent cannot be written: {error.strerror}") from error
        length = file.tell()
        file.seek(0)
        if length <= HELD_BYTES:
            return Response(file.read(), mimetype=mimetype)
        unless_sent.pop_all()  # whoever sends it closes it
        response = Response(wrap_file(request.environ, file), mimetype=mimetype, direct_passthrough=True)
        response.content_length = length
        return response
