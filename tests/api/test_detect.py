"""POST /api/v1/detect and /api/v1/parse: requests and responses."""

import gzip
import io

import pytest

from detectors.registry import DETECTORS
from parameters import parameters
from tests.api.invariants import check_detection, check_error, strict_json

DETECT = "/api/v1/detect"
PARSE = "/api/v1/parse"
QUICK = "detector=rolling_zscore&window=20"
VALUES = [10.0, 11.0, 10.0, None, 12.0, 11.0] * 20 + [99.0] + [10.0, 11.0] * 5


def post_csv(client, data, query=QUICK, path=DETECT, **headers):
    return client.post(f"{path}?{query}", data=data, content_type="text/csv", headers=headers)


def post_json(client, body, path=DETECT):
    return client.post(path, json=body)


def json_of(response):
    assert response.status_code == 200, response.data[:500]
    assert response.mimetype == "application/json"
    return strict_json(response.data)


class TestJson:
    def test_values_are_returned_exactly_and_the_spike_is_detected(self, client):
        response_json = json_of(post_json(client, {"series": {"values": VALUES}, "detector": "rolling_zscore"}))
        check_detection(response_json, VALUES)
        assert [event["peak"] for event in response_json["events"]] == [120]
        assert response_json["times"] is None
        assert response_json["repairs"] == []

    def test_every_parameter_in_effect_is_returned(self, client):
        body = {"series": {"values": VALUES}, "detector": "rolling_zscore", "params": {"window": 30}}
        defaults = {name: param.default for name, param in parameters(DETECTORS["rolling_zscore"].fit).items()}
        assert json_of(post_json(client, body))["params"] == {**defaults, "window": 30}

    def test_the_default_detector_is_the_first_of_the_list(self, client):
        first = client.get("/api/v1/detectors").json["detectors"][0]["name"]
        assert json_of(post_json(client, {"series": {"values": VALUES}}))["detector"] == first

    def test_an_integer_may_be_sent_as_a_float(self, client):
        body = {"series": {"values": VALUES}, "detector": "rolling_zscore", "params": {"window": 30.0}}
        assert json_of(post_json(client, body))["params"]["window"] == 30

    def test_times_as_text_or_numbers(self, client):
        text = {"values": [1, 2, 3], "times": ["2026-03-01T10:15:00Z", "2026-03-01T10:16:00Z", "2026-03-01T10:17:00Z"]}
        response_json = json_of(post_json(client, {"series": text, "detector": "rolling_zscore"}))
        assert response_json["times"] == text["times"]
        numbers = {"values": [1, 2, 3], "times": [1772360100, 1772360160, 1772360220]}
        numeric = json_of(post_json(client, {"series": numbers, "detector": "rolling_zscore"}, f"{DETECT}?times=ms"))
        assert numeric["times"] == [1772360100000, 1772360160000, 1772360220000]

    def test_the_name_is_returned(self, client):
        series = {"values": VALUES, "name": "Wörk 1"}
        assert json_of(post_json(client, {"series": series, "detector": "rolling_zscore"}))["name"] == "Wörk 1"

    @pytest.mark.parametrize("values", [[], [1], [None], [None] * 50, [5] * 100, [1e307, -1e307] * 30, [1e-320] * 30])
    def test_series_with_nothing_to_score_are_accepted(self, client, values):
        for detector in ("rolling_zscore", "seasonal_naive", "lstm"):
            response = post_json(client, {"series": {"values": values}, "detector": detector})
            if not values and response.status_code == 400:
                check_error(response, 400, "unreadable")
            else:
                check_detection(json_of(response), values)

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b"", "not JSON"),
            (b"{", "not JSON"),
            (b'{"series":{"values":[NaN]}}', "not JSON"),
            (b'{"series":{"values":[Infinity]}}', "not JSON"),
            (b'{"series":{"values":[1e999]}}', "$.series.values[0]"),
            (b'{"series":{"values":["1"]}}', "$.series.values[0]"),
            (b'{"series":{"values":[true]}}', "$.series.values[0]"),
            (b'{"series":{"values":{}}}', "$.series.values"),
            (b'{"series":[1,2]}', "$.series"),
            (b"[1,2]", "does not fit"),
            (b"{}", "series"),
            (b'{"series":{"values":[1]},"detektor":"lstm"}', "detektor"),
            (b'{"series":{"values":[1],"name":"\xff"}}', "not JSON"),
            (b'{"series":{"values":[1]},"params":{"a":' + b"[" * 100_000, "nested too deep"),
        ],
    )
    def test_an_error_in_the_json_is_explained(self, client, body, message):
        response = client.post(DETECT, data=body, content_type="application/json")
        assert message in check_error(response, 400, "unreadable")["message"]

    def test_as_many_times_as_values(self, client):
        response = post_json(client, {"series": {"values": [1, 2], "times": [1]}})
        check_error(response, 400, "unreadable")

    def test_too_many_points_are_refused_before_they_are_read(self, app_with):
        client = app_with(max_json_points=1000)
        error = check_error(post_json(client, {"series": {"values": [1] * 5000}}), 413, "limit_exceeded")
        assert error["detail"] == {"limit": 1000, "setting": "ANOMALY_MAX_JSON_POINTS"}

    def test_a_long_name_is_refused_and_not_echoed(self, client):
        response = post_json(client, {"series": {"values": [1], "name": "x" * 100_000}})
        assert check_error(response, 413, "limit_exceeded")["detail"]["setting"] == "ANOMALY_MAX_NAME_LENGTH"
        assert len(response.data) < 1000

    @pytest.mark.parametrize("name", ["\ud800", "a\ud800b"])
    def test_half_a_surrogate_pair_is_no_defect(self, client, name):
        body = b'{"series":{"values":[1],"name":"%s"}}' % name.encode("unicode_escape")
        assert client.post(DETECT, data=body, content_type="application/json").status_code in (200, 400)


class TestParameters:
    @pytest.mark.parametrize(
        ("params", "code", "name"),
        [
            ({"window": 2}, "bad_parameter", "window"),
            ({"window": 2.5}, "bad_parameter", "window"),
            ({"window": "30"}, "bad_parameter", "window"),
            ({"window": None}, "bad_parameter", "window"),
            ({"window": True}, "bad_parameter", "window"),
            ({"window": [30]}, "bad_parameter", "window"),
            ({"window": 10**400}, "bad_parameter", "window"),
            ({"sigma": 3}, "unknown_name", "sigma"),
            ({"series": 3}, "unknown_name", "series"),
            ({"progress": 3}, "unknown_name", "progress"),
            ({"cls": 3}, "unknown_name", "cls"),
            ({"": 3}, "unknown_name", ""),
        ],
    )
    def test_in_json(self, client, params, code, name):
        body = {"series": {"values": VALUES}, "detector": "rolling_zscore", "params": params}
        response = post_json(client, body)
        if name == "window" and params == {"window": 10**400}:
            assert response.status_code == 400  # too large for JSON's own numbers, or for the parameter
        else:
            assert check_error(response, 400, code)["detail"]["name"] == name

    @pytest.mark.parametrize("text", ["x", "", "nan", "inf", "1e999", "2", "1_000", "9" * 5000, "0x20"])
    def test_in_the_query(self, client, csv_file, text):
        query = f"detector=rolling_zscore&window={text}"
        assert check_error(post_csv(client, csv_file, query), 400, "bad_parameter")["detail"]["name"] == "window"

    @pytest.mark.parametrize("query", ["window=20&window=30", "detector=lstm&detector=rolling_zscore"])
    def test_a_parameter_in_query_and_body_is_refused(self, client, csv_file, query):
        check_error(post_csv(client, csv_file, query), 400, "bad_parameter")

    def test_in_the_query_and_in_the_body(self, client):
        body = {"series": {"values": VALUES}, "detector": "rolling_zscore", "params": {"window": 30}}
        check_error(post_json(client, body, f"{DETECT}?window=40"), 400, "bad_parameter")
        check_error(post_json(client, body, f"{DETECT}?detector=lstm"), 400, "bad_parameter")
        assert json_of(post_json(client, body, f"{DETECT}?threshold=9"))["params"]["threshold"] == 9

    def test_an_unknown_detector_names_the_known(self, client, csv_file):
        error = check_error(post_csv(client, csv_file, "detector=oracle"), 400, "unknown_name")
        assert "rolling_zscore" in error["detail"]["known"]

    def test_times_other_than_ms(self, client, csv_file):
        check_error(post_csv(client, csv_file, QUICK + "&times=s"), 400, "bad_parameter")


class TestFiles:
    def test_a_csv_body(self, client, csv_file):
        response_json = json_of(post_csv(client, csv_file))
        check_detection(response_json, [float(line.split(b",")[1]) for line in csv_file.splitlines()[1:]])
        assert (response_json["column"], response_json["columns"], response_json["time_column"]) == (
            "value",
            ["value", "label"],
            "time",
        )
        assert response_json["repairs"] == []

    def test_a_form_with_a_file_answers_the_same(self, client, csv_file):
        form = {"file": (io.BytesIO(csv_file), "pump.csv"), "detector": "rolling_zscore", "window": "20"}
        response_json, other = json_of(client.post(DETECT, data=form)), json_of(post_csv(client, csv_file))
        for both in (response_json, other):
            both["summary"].pop("seconds")
        assert response_json.pop("name") == "pump.csv"
        other.pop("name")
        assert response_json == other

    def test_query_and_form_may_be_mixed(self, client, csv_file):
        form = {"file": (io.BytesIO(csv_file), "a.csv"), "window": "20"}
        assert json_of(client.post(f"{DETECT}?detector=rolling_zscore", data=form))["params"]["window"] == 20

    def test_the_requested_value_column_is_scored(self, client, csv_file):
        assert json_of(post_csv(client, csv_file, QUICK + "&value_column=label"))["column"] == "label"

    @pytest.mark.parametrize("query", ["value_column=nope", "time_column=nope"])
    def test_an_unknown_column(self, client, csv_file, query):
        check_error(post_csv(client, csv_file, f"{QUICK}&{query}"), 400, "unknown_name")

    def test_an_unknown_date_order(self, client, csv_file):
        check_error(post_csv(client, csv_file, QUICK + "&date_order=xyz"), 400, "bad_parameter")

    def test_csv_out(self, client, csv_file):
        response = post_csv(client, csv_file, Accept="text/csv")
        lines = response.data.decode().splitlines()
        assert response.mimetype == "text/csv"
        assert lines[0] == "time,value,expected,lower,upper,score,is_anomaly"
        response_json = json_of(post_csv(client, csv_file))
        for line, time, value, flag in zip(
            lines[1:], response_json["times"], response_json["values"], response_json["is_anomaly"], strict=True
        ):
            fields = line.split(",")
            assert (fields[0], float(fields[1]), fields[6]) == (time, value, str(int(flag)))

    @pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html", "text/csv;q=0.5, application/json"])
    def test_json_out_for_every_other_accept_header(self, client, csv_file, accept):
        assert post_csv(client, csv_file, Accept=accept).mimetype == "application/json"

    @pytest.mark.parametrize("data", [b"", b"\x00" * 1000, b"hello", b"a,b\nx,y\n", b"\x89PNG\r\n\x1a\n" + b"\x00" * 9])
    def test_a_file_without_a_table_of_numbers_is_refused(self, client, data):
        check_error(post_csv(client, data), 400, "unreadable")

    @pytest.mark.parametrize("fields", [{}, {"file": "text"}, {"upload": (io.BytesIO(b"a\n1\n"), "a.csv")}])
    def test_a_form_without_its_file(self, client, fields):
        response = client.post(DETECT, data=fields, content_type="multipart/form-data")
        check_error(response, 400, "unreadable")

    def test_a_form_with_two_files(self, client):
        files = {"file": [(io.BytesIO(b"a\n1\n"), "a.csv"), (io.BytesIO(b"a\n1\n"), "b.csv")]}
        check_error(client.post(DETECT, data=files), 400, "unreadable")

    @pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "image/png", "text/plain", ""])
    def test_other_kinds_of_body(self, client, kind):
        error = check_error(client.post(DETECT, data=b"a=1", content_type=kind), 415, "unsupported_media_type")
        assert "text/csv" in error["message"]


class TestCompression:
    def test_gzip_is_undone(self, client, csv_file):
        headers = {"Content-Encoding": "gzip"}
        assert json_of(post_csv(client, gzip.compress(csv_file), **headers))["summary"]["points"] == 400
        body = gzip.compress(b'{"series":{"values":[1,2,3]},"detector":"rolling_zscore"}')
        response = client.post(DETECT, data=body, content_type="application/json", headers=headers)
        assert json_of(response)["values"] == [1.0, 2.0, 3.0]

    def test_a_bomb_is_refused(self, app_with):
        client = app_with(max_upload_bytes=1024 * 1024)
        bomb = gzip.compress(b"0\n" * 50_000_000)
        response = post_csv(client, bomb, **{"Content-Encoding": "gzip"})
        assert check_error(response, 413, "limit_exceeded")["detail"]["setting"] == "ANOMALY_MAX_UPLOAD_BYTES"

    @pytest.mark.parametrize("data", [b"value\n1\n", gzip.compress(b"1\n" * 999, mtime=0)[:-12], b"", b"\x1f\x8b"])
    def test_invalid_gzip_is_refused(self, client, data):
        check_error(post_csv(client, data, **{"Content-Encoding": "gzip"}), 400, "unreadable")

    @pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "nonsense"])
    def test_other_compressions(self, client, encoding):
        check_error(post_csv(client, b"x", **{"Content-Encoding": encoding}), 415, "unsupported_encoding")

    def test_a_compressed_form(self, client):
        form = {"file": (io.BytesIO(b"a\n1\n"), "a.csv")}
        response = client.post(DETECT, data=form, headers={"Content-Encoding": "gzip"})
        check_error(response, 415, "unsupported_encoding")


class TestParse:
    def test_the_parsed_series_and_its_columns_are_returned(self, client, csv_file):
        response_json = json_of(post_csv(client, csv_file, "", PARSE))
        assert {name: response_json[name] for name in response_json if name not in ("times", "values")} == {
            "name": "value",
            "column": "value",
            "columns": ["value", "label"],
            "time_column": "time",
            "date_order": None,
            "points": 400,
            "missing": 0,
            "start": "2026-01-05T00:00:00Z",
            "stop": "2026-01-21T15:00:00Z",
            "step_seconds": 3600.0,
            "gaps": 0,
            "repairs": [],
        }
        assert len(response_json["times"]) == len(response_json["values"]) == 400

    def test_the_parameters_of_detect_are_checked(self, client, csv_file):
        assert json_of(post_csv(client, csv_file, QUICK, PARSE))["points"] == 400
        check_error(post_csv(client, csv_file, "detector=rolling_zscore&window=1e9", PARSE), 400, "bad_parameter")


@pytest.mark.parametrize(
    "body",
    [r'{"\ud800":1}', r'{"series":{"values":[1],"name":"\uDBFFx"}}', r'{"series":{"values":[1],"name":"\udc00"}}'],
)
def test_half_a_surrogate_pair_is_named_in_the_error(client, body):
    error = check_error(client.post(DETECT, data=body, content_type="application/json"), 400, "unreadable")
    assert "half of a surrogate pair" in error["message"]


def test_a_surrogate_pair_is_one_character(client):
    body = r'{"series":{"values":[1,2,3],"name":"\ud83d\ude00"},"detector":"rolling_zscore"}'
    assert json_of(client.post(DETECT, data=body, content_type="application/json"))["name"] == "😀"


def test_a_file_name_that_is_not_utf_8_is_refused(client):
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="\xff.csv"\r\n\r\n'
    response = client.post(DETECT, data=head + b"v\n1\n\r\n--x--\r\n", content_type="multipart/form-data; boundary=x")
    assert "UTF-8" in check_error(response, 400, "unreadable")["message"]


def test_the_last_of_two_equal_names_is_used(client):
    body = '{"series":{"values":[1],"values":[1,2,3]},"detector":"rolling_zscore"}'
    assert json_of(client.post(DETECT, data=body, content_type="application/json"))["values"] == [1, 2, 3]
