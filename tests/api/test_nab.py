"""Every real series through the API, by every detector, and what is always held."""

from pathlib import Path

import pytest

from detectors import DETECTORS
from tests.api.invariants import check_detection, strict_json

NAB = Path(__file__).parents[2].parent / "shared" / "data" / "nab"
FILES = sorted(NAB.rglob("*.csv"))


def test_there_are_real_series():
    if not FILES:
        pytest.skip(f"NO REAL SERIES at {NAB}: the main job is not tested on real input")
    assert len(FILES) == 36


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_real_series(client, file, name):
    data = file.read_bytes()
    response = client.post(f"/api/v1/detect?detector={name}", data=data, content_type="text/csv")
    assert response.status_code == 200, response.data[:500]
    told = strict_json(response.data)
    rows = [line.split(",") for line in data.decode().splitlines()[1:]]
    check_detection(told)
    assert (told["column"], told["time_column"]) == ("value", "timestamp")
    assert told["summary"]["points"] <= len(rows)
    if not told["repairs"]:
        assert told["values"] == [float(row[1]) for row in rows]
        assert [time[:19].replace("T", " ") for time in told["times"]] == [row[0][:19] for row in rows]
