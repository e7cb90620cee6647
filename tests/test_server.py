"""The real server, through real sockets: starts, refuses, survives bad clients, ends."""

import http.client
import json
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

import pytest

from data_generation import demo
from tests.serving import ROOT, serving
from tests.waiting import SECONDS, until

LIMIT = 4096
MUCH = 3 * 1024 * 1024  # more than waitress itself accepts with that limit


@pytest.fixture(scope="module")
def limited_server(tmp_path_factory):
    """A server on every address of this computer, with an upload limit of 4 KiB."""
    options = ("--host", "0.0.0.0", "--max-upload-bytes", str(LIMIT))
    with serving(tmp_path_factory.mktemp("instance"), *options) as url:
        yield url


def port_of(url):
    return urllib.parse.urlsplit(url).port


def connection(url, host="127.0.0.1"):
    return http.client.HTTPConnection(host, port_of(url), timeout=SECONDS)


def call(url, method="GET", path="/healthz", body=None, headers=None, host="127.0.0.1"):
    with_headers = {"Host": "localhost", **(headers or {})}
    client = connection(url, host)
    try:
        client.request(method, path, body, with_headers)
        response = client.getresponse()
        return response.status, response.getheader("Content-Type"), response.read()
    finally:
        client.close()


def raw(url, data, host="127.0.0.1"):
    """The response to raw bytes, read until the server closes the connection."""
    with socket.create_connection((host, port_of(url)), timeout=SECONDS) as client:
        client.sendall(data)
        return b"".join(iter(lambda: client.recv(65536), b""))


def own_address():
    """An address of this computer that is not loopback; None where it has none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.254", 9))
        except OSError:
            return None
        address = probe.getsockname()[0]
    return None if address.startswith("127.") else address


def error_of(body):
    response = json.loads(body)
    assert list(response) == ["error"]
    assert sorted(response["error"]) == ["code", "detail", "message"]
    return response["error"]


class TestAccess:
    def test_this_computer_is_served(self, limited_server):
        assert call(limited_server)[0] == 200

    def test_another_address_is_refused_with_the_setting_that_allows_it(self, limited_server):
        address = own_address()
        if address is None:
            pytest.skip("this computer has no address but loopback")
        status, _, body = call(limited_server, path="/api/v1/detectors", host=address)
        assert (status, error_of(body)["code"]) == (403, "not_local")
        assert "ANOMALY_OPEN=1" in error_of(body)["message"]
        assert call(limited_server, path="/", host=address)[0] == 403

    def test_another_address_cannot_send_a_large_body(self, limited_server):
        address = own_address()
        if address is None:
            pytest.skip("this computer has no address but loopback")
        head = b"POST /api/v1/parse HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n"
        response = raw(limited_server, head, address)
        assert response.startswith(b"HTTP/1.1 403 ")
        assert b"ANOMALY_OPEN=1" in response

    def test_open_serves_another_address(self, tmp_path):
        address = own_address()
        if address is None:
            pytest.skip("this computer has no address but loopback")
        with serving(tmp_path, "--host", "0.0.0.0", "--open") as url:
            headers = {"Host": address, "X-Forwarded-For": "10.0.0.1"}
            assert call(url, host=address, headers=headers)[0] == 200

    @pytest.mark.parametrize(
        "header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP", "X_Forwarded_For", "x_real_ip"]
    )
    def test_a_request_through_a_proxy_is_refused(self, limited_server, header):
        status, _, body = call(limited_server, path="/api/v1/detectors", headers={header: "127.0.0.1"})
        assert (status, error_of(body)["code"]) == (403, "not_local")

    def test_a_foreign_name_is_refused(self, limited_server):
        assert call(limited_server, headers={"Host": "evil.example"})[0] == 403

    def test_http_1_0_without_a_name_is_refused(self, limited_server):
        assert raw(limited_server, b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 403 ")


class TestLargeBodies:
    @pytest.mark.parametrize("size", [LIMIT + 1, 100_000, MUCH, 8 * MUCH])
    def test_too_large_is_json_and_can_be_read_by_a_client_that_sends_first(self, limited_server, size):
        if size > 4 * (LIMIT + 1024 * 1024):
            head = f"POST /api/v1/parse HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n".encode()
            response = raw(limited_server, head)
            assert response.startswith(b"HTTP/1.1 413 ")
            body = response.partition(b"\r\n\r\n")[2]
        else:
            headers = {"Content-Type": "text/csv"}
            status, kind, body = call(limited_server, "POST", "/api/v1/parse", b"1\n" * (size // 2 + 1), headers)
            assert (status, kind) == (413, "application/json")
        assert error_of(body)["code"] == "limit_exceeded"
        assert "ANOMALY_MAX_UPLOAD_BYTES" in error_of(body)["message"]

    def test_in_chunks(self, limited_server):
        chunk = b"10000\r\n" + b"1\n" * 32768 + b"\r\n"
        head = b"POST /api/v1/parse HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
        response = raw(
            limited_server, head + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + chunk + b"0\r\n\r\n"
        )
        assert response.startswith(b"HTTP/1.1 413 ")
        assert error_of(response.partition(b"\r\n\r\n")[2])["code"] == "limit_exceeded"

    def test_in_chunks_that_fit(self, limited_server):
        head = b"POST /api/v1/parse HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nConnection: close\r\n"
        response = raw(
            limited_server, head + b"Transfer-Encoding: chunked\r\n\r\n6\r\nvalue\n\r\n4\r\n1\n2\n\r\n0\r\n\r\n"
        )
        assert response.startswith(b"HTTP/1.1 200 ")

    def test_expect_100_continue_is_refused_before_the_body_is_sent(self, limited_server):
        head = (
            f"POST /api/v1/parse HTTP/1.1\r\nHost: localhost\r\nContent-Length: {MUCH}\r\nExpect: 100-continue\r\n\r\n"
        )
        assert raw(limited_server, head.encode()).startswith(b"HTTP/1.1 413 ")


BOTH_LENGTHS = (
    b"POST /api/v1/parse HTTP/%s\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
)


class TestBadClients:
    @pytest.mark.parametrize(
        ("data", "status"),
        [
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
            (b"nonsense\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: strange\r\n\r\n", 501),
            (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400),
            (b"GET http://[::1 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
            (b"GET http://[v] HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
            (BOTH_LENGTHS % b"1.1", 400),
            (BOTH_LENGTHS % b"1.0", 400),
            (b"GET / HTTP/1.1\r\nX: ".ljust(256 * 1024, b"a"), 431),
        ],
    )
    def test_invalid_http_gets_a_json_error(self, limited_server, data, status):
        head, _, body = raw(limited_server, data).partition(b"\r\n\r\n")
        assert head.split()[1] == str(status).encode()
        assert error_of(body)["message"].endswith(".")
        assert b"waitress" not in head + body

    @pytest.mark.parametrize("extra", [b"5;x=" + b"a" * 20_000, b"0\r\nX: " + b"a" * 20_000])
    def test_endless_chunk_extensions_and_trailers_are_refused(self, limited_server, extra):
        head = b"POST /api/v1/parse HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert raw(limited_server, head + extra).startswith(b"HTTP/1.1 400 ")

    def test_an_absolute_address_outranks_the_host(self, limited_server):
        request = b"GET http://%s/healthz HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
        assert raw(limited_server, request % (b"evil.example", b"localhost")).startswith(b"HTTP/1.1 403 ")
        assert raw(limited_server, request % (b"localhost", b"evil.example")).startswith(b"HTTP/1.1 200 ")

    def test_two_lengths_get_one_error_and_a_closed_connection(self, limited_server):
        response = raw(limited_server, BOTH_LENGTHS % b"1.1")
        assert response.count(b"HTTP/1.1 ") == 1
        assert b'"bad_request"' in response

    def test_invalid_http_is_not_logged(self, tmp_path):
        with start(tmp_path, "--port", "0") as process:
            url = wait_until_listening(process)
            for _ in range(3):
                raw(url, b"GET http://[::1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            process.terminate()
            _, log = process.communicate(timeout=SECONDS)
        assert log == ""

    def test_many_slow_clients_do_not_stop_the_others(self, limited_server):
        slow = [socket.create_connection(("127.0.0.1", port_of(limited_server))) for _ in range(150)]
        try:
            for client in slow:
                client.sendall(b"POST /api/v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n1")
            assert call(limited_server)[0] == 200
            assert select.select(slow, [], [], 0)[0] == []  # the slow clients are still connected
        finally:
            for client in slow:
                client.close()

    def test_a_connection_is_reused_for_the_next_request(self, limited_server):
        client = connection(limited_server)
        for path in ("/healthz", "/api/nothing", "/healthz"):
            client.request("GET", path, headers={"Host": "localhost"})
            response = client.getresponse()
            response.read()
            assert response.status == (404 if "nothing" in path else 200)
            if path == "/healthz":
                first = getattr(self, "first", client.sock)
                self.first = client.sock
                assert client.sock is first is not None
        client.close()


def csv_of(points):
    return "\n".join(["value", *map(str, demo(points=points).series.values.tolist()), ""]).encode()


def test_long_detections_do_not_block_quick_requests_and_too_many_are_refused(tmp_path):
    data, responses = csv_of(12_000), []

    def detect(url):
        responses.append(call(url, "POST", "/api/v1/detect", data, {"Content-Type": "text/csv"}))

    options = ("--max-concurrent-detections", "1", "--max-queued-requests", "1", "--queue-seconds", str(SECONDS))
    with serving(tmp_path, *options) as url:
        threads = [threading.Thread(target=detect, args=(url,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        meanwhile = 0
        while any(thread.is_alive() for thread in threads):
            assert call(url)[0] == 200
            meanwhile += any(thread.is_alive() for thread in threads)
            time.sleep(0.05)
    statuses = sorted(status for status, _, _ in responses)
    assert statuses == [200, 200, 503, 503, 503, 503]
    assert all(error_of(body)["code"] == "busy" for status, _, body in responses if status == 503)
    assert meanwhile >= 3  # a request that waited for a detection would count only once


def start(tmp_path, *options):
    arguments = [sys.executable, "server.py", "--host", "127.0.0.1", "--data-dir", str(tmp_path / "data"), *options]
    return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until_listening(process):
    """The server's URL, from the line that it prints when it listens."""
    match = re.fullmatch(
        r"Open http://localhost:(\d+)/ in a browser; Ctrl\+C ends the service\.\n", process.stdout.readline()
    )
    assert match
    return f"http://127.0.0.1:{match[1]}"


class TestStartAndEnd:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_the_server_prints_its_url_and_ends_cleanly(self, tmp_path, number):
        with start(tmp_path, "--port", "0") as process:
            assert call(wait_until_listening(process))[0] == 200
            process.send_signal(number)
            _, log = process.communicate(timeout=SECONDS)
            assert (process.returncode, "Traceback" in log) == (0, False)

    def test_the_server_ends_during_a_detection(self, tmp_path):
        limits = ("--max-concurrent-detections", "1", "--max-queued-requests", "1", "--queue-seconds", "1")
        with start(tmp_path, "--port", "0", *limits) as process:
            url = wait_until_listening(process)
            head = b"POST /api/v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
            data = csv_of(300_000)
            with socket.create_connection(("127.0.0.1", port_of(url))) as client:
                client.sendall(head + f"Content-Length: {len(data)}\r\n\r\n".encode() + data)
                until(lambda: call(url, path="/api/v1/demo?points=1e999")[0] == 503)  # the only slot is taken
                assert select.select([client], [], [], 0)[0] == []
                process.terminate()
                process.communicate(timeout=SECONDS)
        assert process.returncode == 0

    def test_port_0_selects_a_free_port_and_prints_it(self, tmp_path):
        with start(tmp_path, "--port", "0") as process:
            url = wait_until_listening(process)
            assert port_of(url) > 0
            assert call(url)[0] == 200
            process.terminate()

    def test_a_taken_port_is_one_sentence(self, tmp_path):
        with socket.create_server(("127.0.0.1", 0)) as holder:
            port = holder.getsockname()[1]
            with start(tmp_path, "--port", str(port)) as process:
                out, log = process.communicate(timeout=SECONDS)
        assert (process.returncode, out) == (2, "")
        assert log.startswith(f"server.py: Cannot listen on 127.0.0.1 port {port}: ")
        assert log.count("\n") == 1
        assert "--port" in log

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (("--port", "x"), "--port must be a whole number from 0 to 65535, not 'x'."),
            (("--host", "nowhere.invalid"), "Cannot listen on nowhere.invalid"),
            (("--data-dir", __file__), "cannot be written to"),
        ],
    )
    def test_a_bad_setting_is_one_sentence(self, tmp_path, options, message):
        with start(tmp_path, *options) as process:
            out, log = process.communicate(timeout=SECONDS)
        assert (process.returncode, out, log.count("\n")) == (2, "", 1)
        assert message in log

    def test_torch_is_not_loaded_before_the_socket_listens(self):
        code = "import server, sys; sys.exit('torch' in sys.modules or 'detectors.registry' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0

    def test_the_server_becomes_ready(self, server_url):
        until(lambda: call(server_url, path="/readyz")[0] == 200)

    def test_nothing_is_written_outside_the_data_directory(self, tmp_path):
        with serving(tmp_path / "data") as url:
            call(url, "POST", "/api/v1/parse", csv_of(100_000), {"Content-Type": "text/csv"})
        # A database that was not closed leaves its log beside it.
        assert sorted(path.name for path in tmp_path.rglob("*")) == ["anomaly.db", "data", "uploads"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no limit of open files")
@pytest.mark.parametrize(("files", "connections"), [((256, 256), 56), ((256, 4096), 2000), ((100, 100), 10)])
def test_connections_are_limited_by_open_files(files, connections):
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, {files}); "
        "import sys; from http_server import listen; sys.exit(listen.connection_limit() != int(sys.argv[1]))"
    )
    assert subprocess.run([sys.executable, "-c", code, str(connections)], cwd=ROOT, check=False).returncode == 0


def test_a_response_without_a_body_ends_with_its_headers(limited_server):
    client = connection(limited_server)
    try:
        for _ in range(2):
            client.request("GET", "/ping", headers={"Host": "localhost"})
            response = client.getresponse()
            assert (response.status, response.read()) == (204, b"")
    finally:
        client.close()


def test_responses_of_any_size_are_complete(tmp_path):
    sizes = [1, 300, 5000, 2, 100_000, 40, 20_000]

    def read_all(url, failures):
        client = connection(url)
        for count in sizes * 6:
            client.request("GET", f"/api/v1/demo?kind=seasonal&points={max(count, 100)}", headers={"Host": "localhost"})
            response = client.getresponse()
            time.sleep(0.001 * (count > 50_000))  # a slow reader: part of the response waits in the server
            body = json.loads(response.read())
            if response.status != 200 or len(body["values"]) != max(count, 100):
                failures.append((count, response.status))
        client.close()
        finished.append(True)

    failures, finished = [], []
    with serving(tmp_path) as url:
        readers = [threading.Thread(target=read_all, args=(url, failures)) for _ in range(4)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    assert not failures
    assert len(finished) == len(readers)  # no thread failed


def test_pipelined_pushes_are_answered_in_order(tmp_path):
    with serving(tmp_path) as url:
        json_headers = {"Content-Type": "application/json"}
        assert call(url, "PUT", "/api/v1/streams/s", b'{"detector": "rolling_zscore"}', json_headers)[0] == 200
        path, parts = "/api/v1/streams/s/points", []
        for value in range(40):
            body = f'{{"values": [{value}]}}'.encode()
            more = "Connection: close\r\n" if value == 39 else ""
            length = f"{more}Content-Type: application/json\r\nContent-Length: {len(body)}"
            parts.append(f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{length}\r\n\r\n".encode() + body)
        response = raw(url, b"".join(parts))
        bodies = [json.loads(part.partition(b"\r\n\r\n")[2]) for part in response.split(b"HTTP/1.1 200 OK\r\n")[1:]]
        assert [each["cursor"] for each in bodies] == list(range(1, 41))
        with socket.create_connection(("127.0.0.1", port_of(url))) as client:
            client.sendall(parts[0])  # closed before the response
        status, _, body = call(url, "POST", path, b'{"values": [1]}', json_headers)
        assert status == 200
        assert json.loads(body)["cursor"] >= 41
