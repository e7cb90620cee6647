"""Each channel against a real, local server."""

import contextlib
import json
import shutil
import socketserver
import subprocess
import threading
import time
import urllib.request
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from alerts import SendFailed, channels_of
from alerts.alert import Alert, rfc3339
from alerts.alertmanager import Alertmanager
from alerts.http_client import without_password
from alerts.mail import Mail
from alerts.webhook import Webhook
from events.event import Event
from events.policy import Notice
from settings import BadSetting, Settings
from store import Silence
from tests.alerts.receivers import http_receiver, serving, smtp_receiver
from tests.serving import free_port
from tests.waiting import SECONDS, until

NOW = int(time.time() * 1000)
STARTED = 1_767_225_600_000
EVENT = Event(3, 6, 4, "above", 2.5, 105.0, 100.0, 3, STARTED, STARTED + 2000, STARTED + 1000)
FIRING = Alert.of_notice("room 1.temp", Notice("firing", EVENT, 3), NOW)
RESOLVED = Alert.of_notice("room 1.temp", Notice("resolved", EVENT, 9), NOW + 60_000)
KEY = "0123456789abcdef0123456789abcdef"


def test_a_webhook_gets_the_document_of_alertmanager():
    with http_receiver() as (url, received):
        Webhook(f"{url}/hook?key=1").send(FIRING, KEY, NOW)
        Webhook(f"{url}/hook?key=1").send(RESOLVED, KEY, NOW)
    [(path, headers, _), _] = received.requests
    assert (path, headers["Content-Type"], headers["Idempotency-Key"]) == ("/hook?key=1", "application/json", KEY)
    firing, resolved = received.documents
    labels = {"alertname": "AnomalyDetected", "stream": "room 1.temp"}
    annotations = {
        "summary": "105 is 5 % above the expected 100, 2.5 times the normal margin; 3 anomalies so far.",
        "value": "105",
        "expected": "100",
        "severity": "2.5",
        "direction": "above",
        "anomalies": "3",
        "first_anomaly": "2026-01-01T00:00:00.000Z",
        "last_anomaly": "2026-01-01T00:00:02.000Z",
        "message_id": KEY,
    }
    [alert] = firing.pop("alerts")
    assert firing == {
        "version": "4",
        "groupKey": '{}:{alertname="AnomalyDetected", stream="room 1.temp"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "webhook",
        "groupLabels": labels,
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "",
    }
    assert alert == {
        "status": "firing",
        "labels": labels,
        "annotations": annotations,
        "startsAt": "2026-01-01T00:00:00.000Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": FIRING.fingerprint,
    }
    assert resolved["status"] == resolved["alerts"][0]["status"] == "resolved"
    assert resolved["alerts"][0]["endsAt"] == rfc3339(NOW + 60_000)
    assert resolved["alerts"][0]["fingerprint"] == alert["fingerprint"]
    assert resolved["alerts"][0]["annotations"]["summary"] == (
        "Over: there were 3 anomalies; at worst 105 was 5 % above the expected 100, 2.5 times the normal "
        "margin. The last was at 2026-01-01T00:00:02.000Z, 2 seconds after the first."
    )


def test_messages_lead_back_to_the_page_where_the_service_knows_its_address():
    public, link = "https://box.example.org/", "https://box.example.org/live?stream=room%201.temp"
    with http_receiver() as (url, received):
        Webhook(url, public).send(FIRING, KEY, NOW)
        Alertmanager(url, public).send(FIRING, KEY, NOW)
    webhook, [alert] = received.documents
    assert webhook["externalURL"] == public
    assert webhook["alerts"][0]["generatorURL"] == alert["generatorURL"] == link
    with smtp_receiver() as (url, mails):
        Mail(urlsplit(url), "a@example.org", ["b@example.org"], public).send(RESOLVED, KEY, NOW)
        Mail(urlsplit(url), "a@example.org", ["b@example.org"]).send(RESOLVED, KEY, NOW)
    assert [link in mail.get_content() for mail in mails] == [True, False]
    assert mails[0]["Subject"] == "room 1.temp: over, 105 was 5 % above the expected 100"


def test_a_test_message_is_plainly_one_and_ends_by_itself():
    test = Alert.test(NOW)
    assert test.labels == {"alertname": "AnomalyTest", "stream": "test"}
    with http_receiver() as (url, received):
        Alertmanager(url).send(test, KEY, NOW)
    [[alert]] = received.documents
    assert alert["endsAt"] == rfc3339(NOW + 300_000)
    with smtp_receiver() as (url, mails):
        Mail(urlsplit(url), "a@example.org", ["b@example.org"]).send(test, KEY, NOW)
    assert mails[0]["Subject"] == "test: messages arrive here"


SILENCE = Silence(1, 2, 40, STARTED, STARTED + 5000, 240_000, STARTED + 245_000, STARTED + 725_000)


def test_a_silence_has_a_name_and_a_kind_of_its_own():
    firing = Alert.of_silence("room 1.temp", SILENCE, "firing", NOW)
    resolved = Alert.of_silence("room 1.temp", SILENCE, "resolved", NOW + 1)
    assert firing.labels == resolved.labels == {"alertname": "StreamSilent", "stream": "room 1.temp"}
    assert firing.fingerprint == resolved.fingerprint
    anomaly = replace(EVENT, start=2)
    assert firing.fingerprint != Alert.of_notice("room 1.temp", Notice("firing", anomaly, 5), NOW).fingerprint
    assert firing.summary == "Silent: no point for longer than the 4 minutes that its arrival intervals allow."
    assert resolved.summary == "Over: points resumed after 12 minutes."
    assert firing.facts == {"kind": "silence", "last_point": "2026-01-01T00:00:00.000Z", "allowed": "4 minutes"}
    with http_receiver() as (url, received):
        Webhook(url).send(firing, KEY, NOW)
    [document] = received.documents
    assert document["groupKey"] == '{}:{alertname="StreamSilent", stream="room 1.temp"}'
    assert document["alerts"][0]["startsAt"] == "2026-01-01T00:00:00.000Z"
    with smtp_receiver() as (url, mails):
        Mail(urlsplit(url), "a@example.org", ["b@example.org"]).send(firing, KEY, NOW)
    assert mails[0]["Subject"] == "room 1.temp: silent"


def test_a_stored_alert_without_a_kind_is_an_anomaly():
    stored = FIRING.to_json()
    del stored["kind"], stored["headline"]
    assert Alert.from_json(stored) == replace(FIRING, headline="")


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_a_response_other_than_2xx_fails_without_naming_the_url(status):
    with http_receiver() as (url, received):
        received.answers.append(status)
        with pytest.raises(SendFailed) as raised:
            Webhook(f"{url}/secret").send(FIRING, KEY, NOW)
    assert str(raised.value) == f"answered {status}: no room"


def test_a_redirect_is_not_followed():
    with http_receiver() as (url, received):
        received.answers.append(302)
        with pytest.raises(SendFailed, match="answered 302"):
            Webhook(url).send(FIRING, KEY, NOW)
    assert [path for path, _, _ in received.requests] == ["/"]


def test_a_server_that_is_not_there_or_speaks_nonsense():
    with pytest.raises(SendFailed, match="not reached"):
        Webhook(f"http://127.0.0.1:{free_port()}/secret").send(FIRING, KEY, NOW)
    with smtp_receiver() as (url, _), pytest.raises(SendFailed, match="broken off"):
        Webhook(url.replace("smtp:", "http:")).send(FIRING, KEY, NOW)


def test_an_alert_in_alertmanager_lasts_until_it_is_resolved():
    with http_receiver() as (url, received):
        Alertmanager(f"{url}/prefix/").send(FIRING, KEY, NOW)
        Alertmanager(f"{url}/prefix/").send(RESOLVED, KEY, NOW)
    assert [path for path, _, _ in received.requests] == ["/prefix/api/v2/alerts"] * 2
    [[firing], [resolved]] = received.documents
    assert firing["labels"] == resolved["labels"] == FIRING.labels
    assert (firing["startsAt"], firing["endsAt"]) == (rfc3339(NOW), rfc3339(NOW + 365 * 86_400_000))
    assert resolved["endsAt"] == rfc3339(NOW + 60_000)
    assert "startsAt" not in resolved


@pytest.fixture
def alertmanager(tmp_path):
    """The real Alertmanager, with a receiver that sends nothing."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        pytest.skip("NO ALERTMANAGER: install prometheus-alertmanager to test against the real one")
    port = free_port()
    config = tmp_path / "alertmanager.yml"
    config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    options = [f"--config.file={config}", f"--storage.path={tmp_path}", f"--web.listen-address=127.0.0.1:{port}"]
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen([program, *options, "--cluster.listen-address="], stdout=log, stderr=log) as process,
    ):
        until(lambda: process.poll() is not None or is_ready(f"http://127.0.0.1:{port}"))
        assert process.poll() is None, (tmp_path / "log").read_text()
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def active_alerts(url):
    """The alerts that an Alertmanager holds active."""
    with urllib.request.urlopen(f"{url}/api/v2/alerts") as answer:
        return json.load(answer)


def is_ready(url):
    """Whether it is ready for alerts."""
    try:
        return urllib.request.urlopen(f"{url}/-/ready").status == 200
    except OSError:  # not up yet
        return False


def wait_for_alerts(url, number):
    """The active alerts of an Alertmanager, once there are `number`."""
    until(lambda: len(active_alerts(url)) == number)
    return active_alerts(url)


def test_the_real_alertmanager_shows_an_event_and_a_silence_while_they_last(alertmanager):
    channel = Alertmanager(alertmanager)
    silent = Alert.of_silence("room 1.temp", SILENCE, "firing", NOW)
    for alert in (FIRING, silent, FIRING, silent):  # a repeat is no second alert
        channel.send(alert, KEY, NOW)
    shown = {alert["labels"]["alertname"]: alert for alert in wait_for_alerts(alertmanager, 2)}
    for alert in (FIRING, silent):
        one = shown[alert.labels["alertname"]]
        assert one["labels"] == alert.labels
        assert one["status"]["state"] in ("active", "unprocessed")
        assert one["annotations"]["summary"] == alert.summary
    channel.send(Alert.of_notice("room 1.temp", Notice("resolved", EVENT, 9), NOW), KEY, NOW)
    [left] = wait_for_alerts(alertmanager, 1)
    assert left["labels"] == silent.labels  # the end of the one is not the end of the other
    channel.send(Alert.of_silence("room 1.temp", SILENCE, "resolved", NOW), KEY, NOW)
    assert wait_for_alerts(alertmanager, 0) == []


def test_a_mail_arrives_readable():
    with smtp_receiver() as (url, mails):
        Mail(urlsplit(url), "Anomaly <anomaly@example.org>", ["a@example.org", "b@example.org"]).send(FIRING, KEY, NOW)
    [mail] = mails
    assert mail["Subject"] == "room 1.temp: 105 is 5 % above the expected 100"
    assert (mail["From"], mail["To"]) == ("Anomaly <anomaly@example.org>", "a@example.org, b@example.org")
    assert mail["Message-ID"] == f"<{KEY}@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_content()
    assert text.startswith("105 is 5 % above the expected 100")
    assert "value: 105\n" in text.replace("\r\n", "\n")


def test_a_mail_about_a_stream_with_any_name():
    name = "küche\r\nBcc: everyone@example.org\n\n.\n" + "ü" * 400
    alert = Alert.of_notice(name, Notice("firing", EVENT, 3), NOW)
    with smtp_receiver() as (url, mails):
        Mail(urlsplit(url), "anomaly@example.org", ["a@example.org"]).send(alert, KEY, NOW)
    [mail] = mails
    assert mail["Bcc"] is None
    assert mail["Subject"].startswith("küche  Bcc: everyone@example.org")


def test_a_mail_that_some_or_all_do_not_get_is_a_failure():
    with smtp_receiver() as (url, mails):
        with pytest.raises(SendFailed, match="refused for 1 of 2"):
            Mail(urlsplit(url), "anomaly@example.org", ["full@example.org", "b@example.org"]).send(FIRING, KEY, NOW)
        with pytest.raises(SendFailed, match="mailbox full"):
            Mail(urlsplit(url), "anomaly@example.org", ["full@example.org"]).send(FIRING, KEY, NOW)
    assert len(mails) == 1


def test_a_password_is_never_sent_in_clear():
    with smtp_receiver() as (url, mails):
        server = urlsplit(url.replace("smtp://", "smtp://me:secret@"))
        with pytest.raises(SendFailed, match="STARTTLS") as raised:
            Mail(server, "anomaly@example.org", ["a@example.org"]).send(FIRING, KEY, NOW)
    assert mails == []
    assert "secret" not in str(raised.value)


def test_a_mail_server_that_is_not_there():
    with pytest.raises(SendFailed, match="ConnectionRefusedError"):
        Mail(urlsplit(f"smtp://127.0.0.1:{free_port()}"), "a@example.org", ["b@example.org"]).send(FIRING, KEY, NOW)


def test_times_that_no_date_can_hold_are_held_within_bounds():
    assert rfc3339(-(10**18)) == "0001-01-01T00:00:00.000Z"
    assert rfc3339(10**18) == "9999-12-31T23:59:59.000Z"


def test_numbers_that_json_cannot_hold_are_left_out():
    shape = Alert.of_notice("s", Notice("firing", Event(1, 2, 1, "shape", 1e6, 5.0, float("nan")), 1), NOW)
    assert shape.facts == {"value": "5", "severity": "1e+06", "direction": "shape", "anomalies": "1"}
    assert shape.started == NOW


def test_channels_are_defined_only_by_settings():
    mail = {"smtp_url": "smtp://mail", "mail_from": "a@example.org", "mail_to": ("b@example.org",)}
    everything = Settings(webhook_url="http://hook/", alertmanager_url="http://alerts:9093", **mail)
    assert [channel.name for channel in channels_of(everything)] == ["webhook", "alertmanager", "mail"]
    assert channels_of(Settings()) == []
    for missing in mail:
        if missing != "mail_from":
            with pytest.raises(BadSetting, match=f"Mail needs ANOMALY_{missing.upper()} too"):
                channels_of(Settings(**{**mail, missing: Settings.__dataclass_fields__[missing].default}))


def test_user_and_password_in_a_url_become_a_header():
    plain, headers = without_password("https://me:p%40ss@host:8/path?x=1")
    assert plain == "https://host:8/path?x=1"
    assert headers == {"Authorization": "Basic bWU6cEBzcw=="}
    assert without_password("http://host/a@b") == ("http://host/a@b", {})


@contextlib.contextmanager
def endless_server(first):
    """A server that sends `first`, then single bytes without end. Yields its port and a disconnection event."""
    disconnected = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            with contextlib.suppress(OSError):
                self.request.sendall(first)
                while True:
                    self.request.sendall(b"a")
                    time.sleep(0.01)
            disconnected.set()

    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as port:
        yield port, disconnected


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 100 Continue\r\nX: ", b"HTTP/1.1 500 No\r\nContent-Length: 150\r\n\r\n"]
)
def test_a_receiver_that_answers_byte_by_byte_times_out(monkeypatch, first):
    monkeypatch.setattr("alerts.http_client.TOTAL_TIMEOUT", 0.2)
    monkeypatch.setattr("http.client._MAXLINE", 10**9)  # or a long line ends it before
    with endless_server(first) as (port, disconnected):
        with pytest.raises(SendFailed):
            Webhook(f"http://127.0.0.1:{port}/").send(FIRING, KEY, NOW)
        assert disconnected.wait(SECONDS)


def test_a_mail_server_that_answers_byte_by_byte_times_out(monkeypatch):
    monkeypatch.setattr("alerts.mail.TOTAL_TIMEOUT", 0.2)
    monkeypatch.setattr("smtplib._MAXLINE", 10**9)
    with endless_server(b"220 ") as (port, disconnected):
        with pytest.raises(SendFailed):
            Mail(urlsplit(f"smtp://127.0.0.1:{port}"), "a@b.example", ["c@d.example"]).send(FIRING, KEY, NOW)
        assert disconnected.wait(SECONDS)
