"""Every setting, defined once: name, type, default, unit, bounds, environment variable, flag and help.

`python -m settings` prints the settings reference of the documentation.
"""

import argparse
import dataclasses
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from errors import BadInput

MEBIBYTE = 1024 * 1024
DATA_DIR = Path("instance")


class BadSetting(BadInput):
    """A setting that is misspelt, of the wrong type or out of bounds. The service does not start with it."""

    code = "bad_setting"


@dataclass(frozen=True)
class Option:
    """A setting's help, unit and bounds.

    pattern      a regular expression that a text must match
    description  the same in words, for the error message
    """

    help: str
    unit: str = ""
    minimum: int = 0
    maximum: int = 0
    choices: tuple[str, ...] = ()
    pattern: str = ""
    description: str = ""


def option(default: Any, help: str, **facts: Any) -> Any:
    """Define a field of Settings with its Option."""
    return field(default=default, metadata={"option": Option(help, **facts)})


@dataclass(frozen=True)
class Settings:
    """The service's settings, read once at startup and immutable."""

    host: str = option("0.0.0.0", "Address to listen on.")
    port: int = option(5001, "Port to listen on; 0 takes any free one.", minimum=0, maximum=65_535)
    data_dir: Path = option(  # noqa: RUF009  # it is dataclasses.field, with a Path that nobody can change
        DATA_DIR, "Directory for everything the service writes to disk."
    )
    open: bool = option(
        False, "Serve other computers, and requests through a proxy, without a key. Otherwise only localhost is served."
    )
    allowed_hosts: tuple[str, ...] = option(
        (),
        "Host names, separated by commas, that requests may use beside localhost, 127.0.0.1 and [::1]. "
        "Empty: only these; with `open`, any.",
    )
    max_upload_bytes: int = option(
        256 * MEBIBYTE,
        "Largest request body, as sent and after decompression.",
        unit="bytes",
        minimum=1024,
        maximum=4096 * MEBIBYTE,
    )
    max_write_bytes: int = option(
        25_000_000,
        "Largest body in line protocol, after decompression, on /write and /api/v2/write.",
        unit="bytes",
        minimum=1024,
        maximum=1024 * MEBIBYTE,
    )
    max_rows: int = option(5_000_000, "Maximum rows of a file.", unit="rows", minimum=1, maximum=100_000_000)
    max_columns: int = option(1_000, "Maximum columns of a file.", unit="columns", minimum=1, maximum=100_000)
    max_name_length: int = option(
        200, "Maximum length of a column or series name.", unit="characters", minimum=1, maximum=10_000
    )
    max_json_points: int = option(
        1_000_000,
        "Maximum points of a series sent as JSON. Files may be longer.",
        unit="points",
        minimum=1,
        maximum=10**7,
    )
    max_concurrent_detections: int = option(
        0,
        "Maximum detections that run at the same time; 0 means one per processor core.",
        unit="detections",
        minimum=0,
        maximum=64,
    )
    max_queued_requests: int = option(
        4,
        "Maximum requests that wait for a detection slot; further ones get 503.",
        unit="detections",
        minimum=0,
        maximum=64,
    )
    queue_seconds: int = option(
        30, "Maximum wait for a detection slot; after it the request gets 503.", unit="seconds", minimum=1, maximum=3600
    )
    max_queued_jobs: int = option(
        20,
        "Maximum queued detections of stored series; further ones get 429.",
        unit="detections",
        minimum=1,
        maximum=10_000,
    )
    public_url: str = option(
        "",
        "URL at which people reach this service; alerts link to it. Empty: no link.",
        pattern=r"https?://[^\s/]+\S*",
        description="an address like https://anomaly.example.org",
    )
    webhook_url: str = option(
        "",
        "URL that receives each alert, in the format of Alertmanager's webhook. Empty: none.",
        pattern=r"https?://[^\s/]+\S*",
        description="an address like https://host/path",
    )
    alertmanager_url: str = option(
        "",
        "URL of an Alertmanager that receives each alert. Empty: none.",
        pattern=r"https?://[^\s/]+\S*",
        description="an address like http://host:9093",
    )
    smtp_url: str = option(
        "",
        "Mail server for alerts: smtp://host:25, with a password smtp://user:password@host:587 (STARTTLS), or "
        "smtps://user:password@host (TLS). Empty: no mail.",
        pattern=r"smtps?://([^\s@/:]+(:[^\s@/]*)?@)?[^\s@/:]+(:[0-9]{1,5})?/?",
        description="an address like smtp://user:password@host:587",
    )
    mail_from: str = option(
        "", "Sender of alert mail.", pattern=r"[^\s@<>,]+@[^\s@<>,]+", description="an address like anomaly@example.org"
    )
    mail_to: tuple[str, ...] = option((), "Recipients of alert mail, separated by commas.")
    database_url: str = option(
        "",
        "Database, as an SQLAlchemy URL such as postgresql+psycopg://user@host/name. "
        "Empty: SQLite in the data directory.",
    )
    max_streams: int = option(10_000, "Maximum number of streams.", unit="streams", minimum=1, maximum=1_000_000)
    stream_capacity: int = option(
        100_000,
        "Default capacity of a stream in points; older points are deleted.",
        unit="points",
        minimum=100,
        maximum=10**9,
    )
    max_dataset_bytes: int = option(
        10_240 * MEBIBYTE,
        "Maximum size of all stored series and their detections; an upload beyond it is refused. 8 bytes a number.",
        unit="bytes",
        minimum=MEBIBYTE,
        maximum=10**15,
    )
    dataset_retention_days: int = option(
        0,
        "Days after which a stored series is deleted, with its labels and detections; 0: never.",
        unit="days",
        minimum=0,
        maximum=36_500,
    )
    metrics_streams: int = option(
        1_000,
        "Maximum streams listed by /metrics, the first by name; a gauge counts the rest.",
        unit="streams",
        minimum=0,
        maximum=100_000,
    )
    log_level: str = option("info", "Log level.", choices=("debug", "info", "warning", "error"))

    @property
    def detection_slots(self) -> int:
        """Return `max_concurrent_detections` with 0 replaced by the number of processor cores."""
        return self.max_concurrent_detections or min(os.cpu_count() or 1, 64)


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"ANOMALY_{name.upper()}"


def flag(name: str) -> str:
    """Return the flag of a setting."""
    return f"--{name.replace('_', '-')}"


def options() -> dict[str, tuple[dataclasses.Field[Any], Option]]:
    """Return every setting by name, with its field and its Option."""
    return {entry.name: (entry, entry.metadata["option"]) for entry in dataclasses.fields(Settings)}


def read(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Return the settings in effect: a flag overrides its environment variable, which overrides the default.

    Raises BadSetting for a value that does not fit, and for an ANOMALY_ variable that does not exist.
    """
    flags = vars(parser().parse_args(arguments))
    unknown = {name for name in environment if name.startswith("ANOMALY_")} - {variable(name) for name in options()}
    if unknown:
        raise BadSetting(
            f"There is no setting {min(unknown)}; known are {', '.join(map(variable, options()))}.", name=min(unknown)
        )
    values = {}
    for name, (entry, about) in options().items():
        if flags[name] is not None:
            values[name] = convert(flag(name), entry.type, about, flags[name])
        elif variable(name) in environment:
            values[name] = convert(variable(name), entry.type, about, environment[variable(name)])
    return Settings(**values)


def parser() -> argparse.ArgumentParser:
    """Return the command line of `server.py`; values stay text, so that flags and variables are validated alike."""
    result = argparse.ArgumentParser(
        "server.py", description="Anomaly detection for time series: a page and a REST API.", allow_abbrev=False
    )
    for name, (entry, about) in options().items():
        text = f"{about.help} Default: {default_text(entry)}. Environment: {variable(name)}".replace("%", "%%")
        switch: dict[str, Any] = {"nargs": "?", "const": "1"} if entry.type is bool else {}
        result.add_argument(flag(name), metavar=metavar(entry), help=text, **switch)
    return result


def convert(source: str, kind: Any, about: Option, text: str) -> Any:
    """Convert `text` to the type of its setting. Raises BadSetting, naming `source`: its flag or variable."""
    if kind is int:
        return parse_integer(source, about, text)
    if kind is bool:
        return parse_bool(source, text)
    if kind is Path:
        return Path(require_text(source, text))
    if kind is str:
        return match_pattern(source, about, parse_choice(source, about.choices, require_text(source, text)))
    return tuple(name.strip().lower() for name in text.split(",") if name.strip())


def parse_integer(source: str, about: Option, text: str) -> int:
    """Parse a whole number within the bounds of its Option."""
    bounds = f"from {about.minimum} to {about.maximum}"
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        raise BadSetting(f"{source} must be a whole number {bounds}, not {text[:50]!r}.", name=source)
    if not about.minimum <= int(digits) <= about.maximum:
        raise BadSetting(f"{source} must lie {bounds}, not {digits}.", name=source, limit=about.maximum)
    return int(digits)


def parse_bool(source: str, text: str) -> bool:
    """Parse a yes or no."""
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.strip().lower() not in words:
        raise BadSetting(f"{source} must be 1 or 0, not {text[:50]!r}.", name=source)
    return words[text.strip().lower()]


def require_text(source: str, text: str) -> str:
    """Return text that is not blank."""
    if not text.strip():
        raise BadSetting(f"{source} must not be empty; leave it out to get its default.", name=source)
    return text.strip()


def parse_choice(source: str, choices: tuple[str, ...], text: str) -> str:
    """Return one of the choices, where there are any."""
    if choices and text.lower() not in choices:
        raise BadSetting(f"{source} must be one of {', '.join(choices)}, not {text[:50]!r}.", name=source)
    return text.lower() if choices else text


def match_pattern(source: str, about: Option, text: str) -> str:
    """Return text that matches the pattern of its Option. The error does not repeat it: it may hold a password."""
    if about.pattern and not re.fullmatch(about.pattern, text):
        raise BadSetting(f"{source} must be {about.description}.", name=source)
    return text


def default_text(entry: dataclasses.Field[Any]) -> str:
    """Return a default as a user would type it."""
    if entry.type is bool:
        return "1" if entry.default else "0"
    return str(entry.default) if entry.default not in ((), "") else "empty"


def metavar(entry: dataclasses.Field[Any]) -> str:
    """Return the placeholder of a value in the usage text."""
    words: dict[Any, str] = {int: "NUMBER", bool: "1|0", Path: "FOLDER", str: "TEXT"}
    return words.get(entry.type, "NAMES")


def documentation() -> str:
    """Return the settings reference in Markdown."""
    rows = [
        f"| `{variable(name)}` | `{flag(name)}` | `{default_text(entry)}` | {unit_text(about)} | {about.help} |"
        for name, (entry, about) in options().items()
    ]
    head = ["| variable | flag | default | unit and bounds | what it does |", "|---|---|---|---|---|"]
    return "\n".join([INTRODUCTION, *head, *rows, ""])


def unit_text(about: Option) -> str:
    """Return unit and bounds in words."""
    bounds = f"{about.minimum} to {about.maximum}" if about.maximum else ", ".join(about.choices)
    return " ".join(part for part in (about.unit, bounds) if part)


INTRODUCTION = """# Settings

Each setting is an environment variable and a flag of `server.py`; the flag wins. Settings are read once, at startup. An
invalid value ends the program with one sentence and exit code 2. `python -m settings` writes this page.
"""

if __name__ == "__main__":
    sys.stdout.write(documentation())
