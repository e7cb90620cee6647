"""The OpenAPI document: valid, complete, and consistent with the responses."""

import json
import re
from itertools import product

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.openapi import UNDOCUMENTED
from app import create_app
from data_generation import KINDS
from detectors.registry import DETECTORS
from parameters import parameters
from tests.api.invariants import strict_json

APP = create_app()
DOCUMENT = strict_json(APP.test_client().get("/openapi.json").data)
WITHOUT_STRUCT = {
    *("/", "/live", "/docs", "/metrics", "/openapi.json", "/ping", "/write", "/api/v2/write"),
    *("/api/v1/series/{id}.csv", "/api/v1/detections/{id}.csv"),
}
"""Paths that return a page, a file, text, nothing, or the description itself."""
METHODS = {"get", "post", "put", "patch", "delete"}


def routes():
    for rule in APP.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield rule.endpoint, re.sub(r"<(\w+)>", r"{\1}", re.sub(r"<\w+_id>", "{id}", rule.rule)), method.lower()


def check_schema(value, name):
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    Draft202012Validator(schema).validate(value)


def test_it_is_openapi_3_1():
    OpenAPIV31SpecValidator(DOCUMENT).validate()
    assert DOCUMENT["openapi"].startswith("3.1")


def test_the_documented_routes_are_the_routes():
    routed = {(path, method) for endpoint, path, method in routes() if endpoint not in UNDOCUMENTED}
    documented = {(path, method) for path, item in DOCUMENT["paths"].items() for method in METHODS & set(item)}
    assert documented == routed


def test_every_response_is_a_documented_struct_a_file_or_a_page():
    for path, item in DOCUMENT["paths"].items():
        for operation in item.values():
            content = next(operation["responses"][s] for s in ("200", "201", "204") if s in operation["responses"])
            schema = content.get("content", {}).get("application/json", {}).get("schema", {})
            named = schema.get("$ref", "").rpartition("/")[2]
            assert named in DOCUMENT["components"]["schemas"] or path in WITHOUT_STRUCT, path


def test_every_operation_has_a_summary_and_its_errors():
    for item in DOCUMENT["paths"].values():
        for operation in item.values():
            assert operation["summary"].endswith(".")
            assert "403" in operation["responses"]
            assert {"200", "201", "204"} & set(operation["responses"])


def test_the_parameters_are_those_of_the_detectors():
    query = {entry["name"]: entry for entry in DOCUMENT["paths"]["/api/v1/detect"]["post"]["parameters"]}
    choices = {choice["title"]: choice for choice in DOCUMENT["components"]["schemas"]["DetectBody"]["anyOf"]}
    assert list(choices) == list(DETECTORS)
    for name, detector in DETECTORS.items():
        known = parameters(detector.fit)
        documented = choices[name]["properties"]["params"]["properties"]
        assert {p: (s["default"], s["minimum"], s["maximum"]) for p, s in documented.items()} == {
            p: (param.default, param.minimum, param.maximum) for p, param in known.items()
        }
        assert set(known) <= set(query)


def test_its_examples_run():
    client = APP.test_client()
    for path in ("/api/v1/detect", "/api/v1/parse"):
        content = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]
        for media in ("application/json", "text/csv"):
            example = content[media]["example"]
            body = example if isinstance(example, str) else json.dumps(example)
            assert client.post(path, data=body, content_type=media).status_code == 200


@pytest.mark.parametrize(("name", "times"), list(product(DETECTORS, ("iso", "ms"))))
def test_a_detection_has_the_documented_shape(client, csv_file, name, times):
    path = f"/api/v1/detect?detector={name}&times={times}"
    check_schema(strict_json(client.post(path, data=csv_file, content_type="text/csv").data), "Detection")
    response = client.post(path, json={"series": {"values": [1, None, 3] * 30}})
    check_schema(strict_json(response.data), "Detection")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v1/detectors", "DetectorList"),
        ("/api/v1/demo/kinds", "DemoKindList"),
        ("/api/v1/demo?points=50&times=ms", "DemoSeries"),
        ("/api/v1/nothing", "ErrorResponse"),
        ("/healthz", "Status"),
        ("/readyz", "Status"),
        *((f"/api/v1/demo?kind={kind}", "DemoSeries") for kind in KINDS),
    ],
)
def test_the_other_answers_have_the_documented_shape(client, path, name):
    check_schema(strict_json(client.get(path).data), name)


def test_a_parsed_series_has_the_documented_shape(client, csv_file):
    check_schema(client.post("/api/v1/parse", data=csv_file, content_type="text/csv").json, "ParsedSeries")
    check_schema(client.post("/api/v1/parse", json={"series": {"values": [1, 2]}}).json, "ParsedSeries")
