"""Access by host, address and proxy, in process; test_server.py does the same through real sockets."""

import pytest

from api.access import host_name, is_loopback, without_default_port
from tests.api.invariants import check_error

PATHS = ["/", "/api/v1/detectors", "/api/nothing", "/healthz", "/openapi.json", "/static/css/none.css"]


def refused(response, code):
    if response.mimetype == "application/json":
        return check_error(response, 403, code)["message"]
    assert response.status_code == 403
    return response.get_data(as_text=True)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("peer", ["192.168.1.7", "2001:db8::1", "::ffff:10.0.0.1", "", "localhost"])
def test_another_computer_is_refused_with_the_setting_to_change(client, path, peer):
    response = client.get(path, environ_overrides={"REMOTE_ADDR": peer})
    assert "ANOMALY_OPEN=1" in refused(response, "not_local")


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_this_computer_is_served(client, peer):
    assert client.get("/healthz", environ_overrides={"REMOTE_ADDR": peer}).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        *("Forwarded", "X-Forwarded-For", "x-forwarded-host", "X-Forwarded-Proto", "X-Forwarded-Anything", "Via"),
        *("X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "Forwarded-For", "X-Forwarded"),
        *("Fly-Client-IP", "CDN-Loop", "X-Envoy-External-Address", "X-Arr-ClientIP", "X-Original-URL"),
        *("X-Rewrite-URL", "X_Forwarded_For", "X_Real_IP"),
    ],
)
def test_requests_through_a_proxy_are_refused(client, header):
    message = refused(client.get("/api/v1/detectors", headers={header: "127.0.0.1"}), "not_local")
    assert "ANOMALY_OPEN=1" in message


def test_open_lifts_both(app_with):
    client = app_with(open=True)
    headers = {"X-Forwarded-For": "10.0.0.1", "Host": "example.org"}
    response = client.get("/healthz", headers=headers, environ_overrides={"REMOTE_ADDR": "192.168.1.7"})
    assert response.status_code == 200


@pytest.mark.parametrize("host", ["localhost", "localhost:5001", "LOCALHOST", "127.0.0.1:80", "[::1]", "[::1]:5001"])
def test_its_own_names(client, host):
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


FOREIGN_HOSTS = ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil@localhost", "localhost:", ""]


@pytest.mark.parametrize("host", [*FOREIGN_HOSTS, "localhost:99999999", "[::1", "192.168.1.7:5001", "localhost, evil"])
def test_a_name_made_to_point_here_is_refused(client, host):
    response = client.get("/api/v1/detectors", headers={"Host": host})
    assert "ANOMALY_ALLOWED_HOSTS" in refused(response, "unknown_host")


def test_allowed_hosts_are_added_to_the_local_ones(app_with):
    client = app_with(allowed_hosts=("box.lan",))
    assert client.get("/healthz", headers={"Host": "Box.lan:5001"}).status_code == 200
    assert client.get("/healthz", headers={"Host": "localhost"}).status_code == 200
    assert client.get("/healthz", headers={"Host": "other.lan"}).status_code == 403


def test_allowed_hosts_limit_an_open_service(app_with):
    client = app_with(open=True, allowed_hosts=("box.lan",))
    assert client.get("/healthz", headers={"Host": "box.lan"}).status_code == 200
    assert client.get("/healthz", headers={"Host": "other.lan"}).status_code == 403


def post(client, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/api/v1/parse", data=b"value\n1\n2\n", content_type="text/csv", headers=names)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://["},
        {"Origin": ""},
        {"Origin": "file://"},
        {"Origin": "http://localhost@evil.example"},
        {"Origin": "https://localhost"},
        {"Origin": "https://localhost:443", "Host": "localhost:443"},
    ],
)
def test_a_page_of_another_site_cannot_post(client, headers):
    refused(post(client, **headers), "cross_site")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec_Fetch_Site": "same-origin", "Origin": "http://localhost"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": "http://localhost:80"},
        {"Origin": "http://127.0.0.1:5001", "Host": "127.0.0.1:5001"},
    ],
)
def test_the_own_page_and_programs_can(client, headers):
    assert post(client, **headers).status_code == 200


def test_behind_a_proxy_that_renames_the_host_an_allowed_origin_can(app_with):
    client = app_with(open=True, allowed_hosts=("public.example",))
    origin = {"Origin": "https://public.example", "Host": "localhost:5001"}
    assert post(client, Sec_Fetch_Site="same-origin", **origin).status_code == 200
    assert post(client, **origin).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("path", ["/api/v1/demo?points=50", "/api/v1/detectors", "/api/nothing"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_page_of_another_site_cannot_make_work_by_reading(client, method, path, site):
    response = client.open(path, method=method, headers={"Sec-Fetch-Site": site})
    assert response.status_code == 403
    if method != "HEAD":
        refused(response, "cross_site")


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin"}, {}])
def test_a_typed_address_the_own_page_and_programs_read(client, headers):
    response = client.get("/api/v1/detectors", headers=headers)
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in response.headers
    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_link_on_another_site_opens_a_page(client, path):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get(path, headers=headers).status_code == 200


def test_small_parts():
    assert host_name("[::1]:80") == "[::1]"
    assert host_name("a/b") == ""
    assert without_default_port("a:8080") == "a:8080"
    assert without_default_port("a:443") == "a"
    assert not is_loopback("nonsense")
