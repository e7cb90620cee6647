"""Settings: every option read, refused and documented."""

from pathlib import Path

import pytest

import settings
from settings import BadSetting, Settings, read

ROOT = Path(__file__).parent.parent


def test_defaults_hold_without_flags_and_variables():
    assert read([], {"PATH": "/bin"}) == Settings()


def test_the_defaults_that_others_rely_on():
    defaults = Settings()
    assert (defaults.host, defaults.port, str(defaults.data_dir), defaults.open) == ("0.0.0.0", 5001, "instance", False)


def test_a_flag_wins_over_its_variable():
    assert read(["--port", "6000"], {"ANOMALY_PORT": "7000"}).port == 6000


OTHER_VALUES = {
    "host": ("127.0.0.1", "127.0.0.1"),
    "port": ("8080", 8080),
    "data_dir": ("/srv/data", Path("/srv/data")),
    "open": ("yes", True),
    "allowed_hosts": (" Example.org, box ,", ("example.org", "box")),
    "log_level": ("DEBUG", "debug"),
    "database_url": ("postgresql://me@host/series", "postgresql://me@host/series"),
    "public_url": ("https://anomaly.example.org", "https://anomaly.example.org"),
    "webhook_url": ("https://example.org/hook?key=1", "https://example.org/hook?key=1"),
    "alertmanager_url": (" http://alerts:9093 ", "http://alerts:9093"),
    "smtp_url": ("smtps://me:secret@mail.example.org", "smtps://me:secret@mail.example.org"),
    "mail_from": ("anomaly@example.org", "anomaly@example.org"),
    "mail_to": ("a@example.org, b@example.org", ("a@example.org", "b@example.org")),
}


@pytest.mark.parametrize("name", settings.options())
def test_every_option_is_read_from_its_variable_and_its_flag(name):
    minimum = settings.options()[name][1].minimum
    text, value = OTHER_VALUES.get(name, (str(minimum + 3), minimum + 3))
    assert getattr(read([], {settings.variable(name): text}), name) == value
    assert getattr(read([settings.flag(name), text], {}), name) == value


def test_the_flag_open_needs_no_value():
    assert read(["--open"], {}).open is True
    assert read(["--open", "0"], {"ANOMALY_OPEN": "1"}).open is False


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("ANOMALY_PORT", "abc", "ANOMALY_PORT must be a whole number from 0 to 65535, not 'abc'."),
        ("ANOMALY_PORT", "", "ANOMALY_PORT must be a whole number from 0 to 65535, not ''."),
        ("ANOMALY_PORT", "-1", "whole number"),
        ("ANOMALY_PORT", "٥", "whole number"),
        ("ANOMALY_PORT", "9" * 5000, "whole number"),
        ("ANOMALY_PORT", "65536", "ANOMALY_PORT must lie from 0 to 65535, not 65536."),
        ("ANOMALY_OPEN", "maybe", "ANOMALY_OPEN must be 1 or 0, not 'maybe'."),
        ("ANOMALY_HOST", " ", "ANOMALY_HOST must not be empty"),
        ("ANOMALY_LOG_LEVEL", "loud", "ANOMALY_LOG_LEVEL must be one of debug, info, warning, error, not 'loud'."),
        ("ANOMALY_MAX_UPLOAD_BYTES", "10", "must lie from 1024"),
        ("ANOMALY_WEBHOOK_URL", "ftp://host/", "ANOMALY_WEBHOOK_URL must be an address like https://host/path."),
        ("ANOMALY_WEBHOOK_URL", "file:///etc/passwd", "must be an address like"),
        ("ANOMALY_ALERTMANAGER_URL", "alerts:9093", "must be an address like http://host:9093."),
        ("ANOMALY_SMTP_URL", "mail.example.org", "must be an address like smtp://user:password@host:587."),
        ("ANOMALY_MAIL_FROM", "me", "must be an address like anomaly@example.org."),
        ("ANOMALY_OPNE", "1", "There is no setting ANOMALY_OPNE"),
    ],
)
def test_a_bad_value_is_one_sentence_that_names_its_source(variable, text, message):
    with pytest.raises(BadSetting) as raised:
        read([], {variable: text})
    assert message in raised.value.message
    assert raised.value.detail["name"] == variable


def test_a_bad_flag_names_the_flag():
    with pytest.raises(BadSetting, match="--port must lie"):
        read(["--port", "70000"], {})


def test_an_unknown_flag_ends_with_exit_code_2(capsys):
    with pytest.raises(SystemExit) as raised:
        read(["--prot", "1"], {})
    assert raised.value.code == 2
    assert "--prot" in capsys.readouterr().err


def test_no_setting_can_be_changed():
    with pytest.raises(AttributeError):
        Settings().port = 1  # type: ignore[misc]  # the assignment is tested


def test_every_option_has_help_and_every_number_bounds():
    for name, (entry, about) in settings.options().items():
        assert about.help.endswith("."), name
        assert entry.type is not int or about.minimum < about.maximum, name


def test_the_documentation_is_the_one_the_settings_write():
    assert (ROOT / "docs/reference/settings.md").read_text("utf-8") == settings.documentation()


def test_concurrent_detections_default_to_the_number_of_cores():
    assert Settings().detection_slots >= 1
    assert Settings(max_concurrent_detections=3).detection_slots == 3
