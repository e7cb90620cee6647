"""Requests that send a series: JSON, CSV or a form with a file, a detector and its parameters."""

from dataclasses import dataclass, field
from typing import Any

from flask import request

from api.detector_params import check_params
from api.errors import SENTENCES, Refused
from api.openapi_parts import CSV, FORM, JSON
from api.request_body import body_bytes, check_count, decode_json
from api.request_params import parse_number, query_pairs, unique_pairs
from api.schemas.detection import DetectBody
from api.schemas.table import SeriesBody
from api.state import state
from detectors import default_detector, find_detector
from errors import BadParameter, LimitExceeded, UnknownName, Unreadable
from readers import read_arrays, read_csv
from settings import Settings, variable
from timeseries import DateOrder, Limits, Table

DATE_ORDERS: tuple[DateOrder, ...] = ("dmy", "mdy", "ymd")


@dataclass(frozen=True)
class CsvFile:
    """A CSV file and how to parse it; None is detected."""

    data: bytes
    name: str
    time_column: str | None
    value_column: str | None
    date_order: DateOrder | None

    def read_table(self, limits: Limits) -> Table:
        """Parse the file. Raises BadInput."""
        return read_csv(
            self.data,
            name=self.name,
            time_column=self.time_column,
            value_column=self.value_column,
            date_order=self.date_order,
            limits=limits,
        )


@dataclass(frozen=True)
class JsonArrays:
    """A series in JSON and the order of its dates; None is detected."""

    series: SeriesBody
    date_order: DateOrder | None

    def read_table(self, limits: Limits) -> Table:
        """Parse the arrays. Raises BadInput."""
        body = self.series
        return read_arrays(body.values, body.times, name=body.name, date_order=self.date_order, limits=limits)


@dataclass(frozen=True)
class SeriesRequest:
    """A series as it was sent, a detector (None: the default) and its parameters."""

    source: CsvFile | JsonArrays
    detector: str | None = None
    params: dict[str, Any] = field(default_factory=dict)

    def read_table(self) -> Table:
        """Parse the series, within the limits of the settings. Raises BadInput."""
        settings = state().settings
        limits = Limits(settings.max_upload_bytes, settings.max_rows, settings.max_columns, settings.max_name_length)
        return self.source.read_table(limits)


def parse_request() -> SeriesRequest:
    """The series, the detector and the parameters of the present request.

    Raises BadInput for what cannot be parsed, Refused (415) for another media type.
    """
    media = request.mimetype
    if media == JSON:
        return parse_json(body_bytes())
    if media in CSV:
        return parse_csv(body_bytes())
    if media == FORM:
        return parse_form()
    curl = " (curl: -H 'Content-Type: text/csv')" if media == "application/x-www-form-urlencoded" else ""
    raise Refused(415, "unsupported_media_type", SENTENCES[415] + curl, content_type=media)


def parse_csv(data: bytes) -> SeriesRequest:
    """A body of CSV; its name, detector and parameters stand in the query."""
    return parse_file(data, "", unique_pairs(query_pairs()))


def parse_form() -> SeriesRequest:
    """A form with one file, named `file`."""
    if request.content_encoding:
        raise Refused(415, "unsupported_encoding", "Send a form uncompressed; its file may be a .csv.gz.")
    files = list(request.files.items(multi=True))
    if [name for name, _ in files] != ["file"]:
        raise Unreadable("Send exactly one file in the form, in the field named file, its name in UTF-8.", name="file")
    pairs = [*query_pairs(), *request.form.items(multi=True)]
    upload = files[0][1]
    return parse_file(upload.stream.read(), upload.filename or "", unique_pairs(pairs))


def parse_file(data: bytes, name: str, options: dict[str, str]) -> SeriesRequest:
    """A CSV file; every option that is not about the file is a parameter of the detector."""
    order = parse_date_order(options.pop("date_order", None))
    time_column, value_column = options.pop("time_column", None), options.pop("value_column", None)
    detector, name = options.pop("detector", None), options.pop("name", name)
    check_length(state().settings, name)
    params = {option: parse_number(text) for option, text in options.items()}
    return SeriesRequest(CsvFile(data, name, time_column, value_column, order), detector, params)


def parse_json(data: bytes) -> SeriesRequest:
    """A series in JSON; the query may add what the body leaves out."""
    settings = state().settings
    check_count(settings, data)
    body = decode_json(data, DetectBody)
    check_length(settings, body.series.name)
    options = unique_pairs(query_pairs())
    order = parse_date_order(options.pop("date_order", None))
    in_body = {*body.params, *(["detector"] if body.detector else [])}
    if twice := sorted(options.keys() & in_body):
        raise BadParameter(f"{twice[0]} stands in the query and in the body; send it once.", name=twice[0])
    detector = options.pop("detector", body.detector)
    params = {option: parse_number(text) for option, text in options.items()} | body.params
    return SeriesRequest(JsonArrays(body.series, order), detector, params)


def parse_date_order(text: str | None) -> DateOrder | None:
    """The order of day, month and year. Raises BadParameter for an unknown one."""
    match text:
        case None | "dmy" | "mdy" | "ymd":
            return text
    raise BadParameter("date_order must be dmy, mdy or ymd.", name="date_order", choices=list(DATE_ORDERS))


def check_length(settings: Settings, name: str) -> None:
    """Refuses a name that is too long."""
    limit = settings.max_name_length
    if len(name) > limit:
        message = f"The name is longer than {limit} characters; shorten it."
        raise LimitExceeded(message, name="name", limit=limit, setting=variable("max_name_length"))


def without_detector(parsed: SeriesRequest) -> SeriesRequest:
    """A request that has a series only. Raises UnknownName for a detector or a parameter of one."""
    extra = sorted(parsed.params) + ([] if parsed.detector is None else ["detector"])
    if extra:
        message = f"{extra[0]} has no meaning where a series is only stored; leave it out."
        raise UnknownName(message, name=extra[0], known=["name", "time_column", "value_column", "date_order"])
    return parsed


def with_detector(parsed: SeriesRequest) -> tuple[SeriesRequest, str]:
    """A request and the name of its detector, the default where it has none, with parameters that are checked. Raises
    BadInput."""
    name = parsed.detector or default_detector()
    check_params(find_detector(name), parsed.params)
    return parsed, name
