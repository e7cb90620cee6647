"""The API under valid and invalid requests from its OpenAPI document: no defect, only documented responses."""

import tempfile
from unittest import mock

import numpy as np
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from alerts import Alerts
from app import create_app
from datasets.datasets import Datasets
from jobs import JobQueue
from jobs.task import Task
from settings import Settings
from store import DatasetStore, Detections, StreamStore
from streams import Streams
from tests.api.test_openapi import DOCUMENT
from tests.streams.conftest import with_quick_demo
from timeseries import Limits, Table

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
FOLDER = tempfile.TemporaryDirectory()  # exists until the process ends
STORE = StreamStore.open(f"sqlite:///{FOLDER.name}/streams.db")
STREAMS = Streams(with_quick_demo(STORE), limits=Limits(max_rows=2000))
ALERTS = Alerts(STORE, [])  # not started: nothing is sent
STREAMS.start()
STREAMS.put("0", "rolling_zscore")  # the name that is generated most often
DATASETS = Datasets(DatasetStore(STORE.database), max_bytes=10**7)
with mock.patch("secrets.token_urlsafe", return_value="0"):
    TIMES = (np.arange(300) * 60_000).astype("datetime64[ms]")
    DATASETS.add(Table("s", TIMES, {"a": np.arange(300.0), "b": np.full(300, np.nan)}))
JOBS = JobQueue(STORE, max_queued=20, max_bytes=10**9)  # not started: jobs stay queued
LIMITS = Settings(max_rows=2000, max_json_points=2000, max_upload_bytes=100_000)
APP = create_app(LIMITS, STREAMS, ALERTS, jobs=JOBS, datasets=DATASETS)
APP.extensions["anomaly"].ready.set()


def add_finished_detection():
    """Stores a finished detection with the id that is generated most often."""
    detections = Detections(STORE.database)
    with mock.patch("secrets.token_urlsafe", return_value="0"):
        detections.add("0", "a", "rolling_zscore", {"window": 50, "threshold": 5.0, "merge_gap": 3}, 1)
    Task(STORE.database, 10**9).run(detections.claim("fuzz", 1), lambda stage, fraction: None)


add_finished_detection()


def local(environ, start_response):
    """The app, called from the loopback address; schemathesis sets no peer."""
    return APP({**environ, "REMOTE_ADDR": "127.0.0.1"}, start_response)


schema = schemathesis.openapi.from_wsgi("/openapi.json", local)
schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])


@schema.parametrize()
@settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_only_documented_responses(case):
    case.call_and_validate(checks=CHECKS)


def test_every_operation_is_fuzzed():
    documented = sum(len(item) for item in DOCUMENT["paths"].values())
    assert len(list(schema.get_all_operations())) == documented - 1  # it leaves out the description itself
