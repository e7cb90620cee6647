"""Every real series through the API, with every detector: the invariants hold."""

import pytest

from detectors.registry import DETECTORS
from tests import real_series
from tests.api.invariants import check_detection, strict_json


@real_series.needed
def test_there_are_real_series():
    assert len(real_series.NAB_FILES) == 36


@pytest.mark.parametrize("name", DETECTORS)
@real_series.each_of(real_series.NAB_FILES)
def test_a_real_series(client, file, name):
    data = file.read_bytes()
    response = client.post(f"/api/v1/detect?detector={name}", data=data, content_type="text/csv")
    assert response.status_code == 200, response.data[:500]
    result = strict_json(response.data)
    rows = [line.split(",") for line in data.decode().splitlines()[1:]]
    check_detection(result)
    assert (result["column"], result["time_column"]) == ("value", "timestamp")
    assert result["summary"]["points"] <= len(rows)
    if not result["repairs"]:
        assert result["values"] == [float(row[1]) for row in rows]
        assert [time[:19].replace("T", " ") for time in result["times"]] == [row[0][:19] for row in rows]
