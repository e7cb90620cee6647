"""Every option once: name, type, default, unit, bounds, environment variable, flag and help.

`python -m settings` writes the table of `docs/settings.md`.
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
    """An option that is misspelt, of the wrong type or outside its bounds; the service does not start with it."""

    code = "bad_setting"


@dataclass(frozen=True)
class Option:
    """What is known of one setting beside its name, type and default. `shape` says in words what `pattern`, a regular
    expression, asks of a text."""

    help: str
    unit: str = ""
    minimum: int = 0
    maximum: int = 0
    choices: tuple[str, ...] = ()
    pattern: str = ""
    shape: str = ""


def option(default: Any, help: str, **facts: Any) -> Any:
    """A field of Settings with its Option."""
    return field(default=default, metadata={"option": Option(help, **facts)})


@dataclass(frozen=True)
class Settings:
    """The service's settings, read once at the start and never changed."""

    host: str = option("0.0.0.0", "Address to listen on.")
    port: int = option(5001, "Port to listen on; 0 takes any free one.", minimum=0, maximum=65_535)
    data_dir: Path = option(  # noqa: RUF009  # it is dataclasses.field, with a Path that nobody can change
        DATA_DIR, "Everything written to disk lies in this folder."
    )
    open: bool = option(
        False, "Serve other computers and requests that came through a proxy, without a key. Otherwise: only this one."
    )
    allowed_hosts: tuple[str, ...] = option(
        (),
        "Names, separated by commas, under which the service may be called, beside localhost, 127.0.0.1 and [::1]. "
        "Empty: only these, or, with the setting open, any.",
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
    max_rows: int = option(5_000_000, "Most rows of a file.", unit="rows", minimum=1, maximum=100_000_000)
    max_columns: int = option(1_000, "Most columns of a file.", unit="columns", minimum=1, maximum=100_000)
    max_name_length: int = option(
        200, "Longest name of a column or series.", unit="characters", minimum=1, maximum=10_000
    )
    max_json_points: int = option(
        1_000_000, "Most points of a series sent as JSON; files may be longer.", unit="points", minimum=1, maximum=10**7
    )
    concurrent_detections: int = option(
        0, "Detections worked on at once; 0 means one per processor core.", unit="detections", minimum=0, maximum=64
    )
    queued_detections: int = option(
        4, "Detections that may wait for their turn; more are refused.", unit="detections", minimum=0, maximum=64
    )
    queue_seconds: int = option(
        30, "Longest wait for a turn, after which a detection is refused.", unit="seconds", minimum=1, maximum=3600
    )
    queued_jobs: int = option(
        20,
        "Detections of kept series that may wait for their turn; more are refused.",
        unit="detections",
        minimum=1,
        maximum=10_000,
    )
    public_url: str = option(
        "",
        "Address by which people reach this service; alerts lead to its page. Empty: no link.",
        pattern=r"https?://[^\s/]+\S*",
        shape="an address like https://anomaly.example.org",
    )
    webhook_url: str = option(
        "",
        "Address that gets each alert, in the shape of Alertmanager's webhook. Empty: none.",
        pattern=r"https?://[^\s/]+\S*",
        shape="an address like https://host/path",
    )
    alertmanager_url: str = option(
        "",
        "Address of an Alertmanager that gets each alert. Empty: none.",
        pattern=r"https?://[^\s/]+\S*",
        shape="an address like http://host:9093",
    )
    smtp_url: str = option(
        "",
        "Mail server for alerts: smtp://host:25, with a password smtp://user:password@host:587 (STARTTLS), or "
        "smtps://user:password@host (TLS). Empty: no mail.",
        pattern=r"smtps?://([^\s@/:]+(:[^\s@/]*)?@)?[^\s@/:]+(:[0-9]{1,5})?/?",
        shape="an address like smtp://user:password@host:587",
    )
    mail_from: str = option(
        "", "Sender of alert mails.", pattern=r"[^\s@<>,]+@[^\s@<>,]+", shape="an address like anomaly@example.org"
    )
    mail_to: tuple[str, ...] = option((), "Receivers of alert mails, separated by commas.")
    database_url: str = option(
        "",
        "Where streams are kept, as an SQLAlchemy URL such as postgresql+psycopg://user@host/name. "
        "Empty: SQLite in the data directory.",
    )
    max_streams: int = option(10_000, "Most streams.", unit="streams", minimum=1, maximum=1_000_000)
    stream_capacity: int = option(
        100_000,
        "Points that a stream keeps unless its own capacity says otherwise; older ones are forgotten.",
        unit="points",
        minimum=100,
        maximum=10**9,
    )
    max_kept_bytes: int = option(
        10_240 * MEBIBYTE,
        "Most that all kept series and their detections may take; an upload beyond it is refused. 8 bytes a number.",
        unit="bytes",
        minimum=MEBIBYTE,
        maximum=10**15,
    )
    keep_series_days: int = option(
        0,
        "Days after which a kept series is deleted, with its labels and detections; 0: only when somebody deletes it.",
        unit="days",
        minimum=0,
        maximum=36_500,
    )
    metrics_streams: int = option(
        1_000,
        "Most streams that /metrics names, the first by name; it tells how many more there are.",
        unit="streams",
        minimum=0,
        maximum=100_000,
    )
    log_level: str = option("info", "How much is logged.", choices=("debug", "info", "warning", "error"))

    @property
    def detections_at_once(self) -> int:
        """`concurrent_detections` with 0 replaced by the number of processor cores."""
        return self.concurrent_detections or min(os.cpu_count() or 1, 64)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"ANOMALY_{name.upper()}"


def flag(name: str) -> str:
    """The flag of a setting."""
    return f"--{name.replace('_', '-')}"


def options() -> dict[str, tuple[dataclasses.Field[Any], Option]]:
    """Every setting by name, with its field and its Option."""
    return {entry.name: (entry, entry.metadata["option"]) for entry in dataclasses.fields(Settings)}


def read(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """The settings in effect: a flag wins over its environment variable, that over the default.

    Raises BadSetting for a value that does not fit, and for an ANOMALY_ variable that does not exist.
    """
    given = vars(parser().parse_args(arguments))
    unknown = {name for name in environment if name.startswith("ANOMALY_")} - {variable(name) for name in options()}
    if unknown:
        raise BadSetting(
            f"There is no setting {min(unknown)}; known are {', '.join(map(variable, options()))}.", name=min(unknown)
        )
    values = {}
    for name, (entry, about) in options().items():
        if given[name] is not None:
            values[name] = convert(flag(name), entry.type, about, given[name])
        elif variable(name) in environment:
            values[name] = convert(variable(name), entry.type, about, environment[variable(name)])
    return Settings(**values)


def parser() -> argparse.ArgumentParser:
    """The command line of `server.py`; values stay text, so that flags and variables are judged alike."""
    result = argparse.ArgumentParser(
        "server.py", description="Anomaly detection for time series: a page and a REST API.", allow_abbrev=False
    )
    for name, (entry, about) in options().items():
        text = f"{about.help} Default: {default_text(entry)}. Environment: {variable(name)}".replace("%", "%%")
        switch: dict[str, Any] = {"nargs": "?", "const": "1"} if entry.type is bool else {}
        result.add_argument(flag(name), metavar=metavar(entry), help=text, **switch)
    return result


def convert(source: str, kind: Any, about: Option, text: str) -> Any:
    """`text` as the type of its setting. Raises BadSetting, naming `source`, the flag or variable it came from."""
    if kind is int:
        return whole_number(source, about, text)
    if kind is bool:
        return truth(source, text)
    if kind is Path:
        return Path(nonempty(source, text))
    if kind is str:
        return shaped(source, about, one_of(source, about.choices, nonempty(source, text)))
    return tuple(name.strip().lower() for name in text.split(",") if name.strip())


def whole_number(source: str, about: Option, text: str) -> int:
    """A whole number within the bounds of its Option."""
    bounds = f"from {about.minimum} to {about.maximum}"
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        raise BadSetting(f"{source} must be a whole number {bounds}, not {text[:50]!r}.", name=source)
    if not about.minimum <= int(digits) <= about.maximum:
        raise BadSetting(f"{source} must lie {bounds}, not {digits}.", name=source, limit=about.maximum)
    return int(digits)


def truth(source: str, text: str) -> bool:
    """Yes or no."""
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.strip().lower() not in words:
        raise BadSetting(f"{source} must be 1 or 0, not {text[:50]!r}.", name=source)
    return words[text.strip().lower()]


def nonempty(source: str, text: str) -> str:
    """Text that is not blank."""
    if not text.strip():
        raise BadSetting(f"{source} must not be empty; leave it out to get its default.", name=source)
    return text.strip()


def one_of(source: str, choices: tuple[str, ...], text: str) -> str:
    """One of the choices, where there are any."""
    if choices and text.lower() not in choices:
        raise BadSetting(f"{source} must be one of {', '.join(choices)}, not {text[:50]!r}.", name=source)
    return text.lower() if choices else text


def shaped(source: str, about: Option, text: str) -> str:
    """Text of the shape that its Option asks for. The refusal does not repeat it: it may hold a password."""
    if about.pattern and not re.fullmatch(about.pattern, text):
        raise BadSetting(f"{source} must be {about.shape}.", name=source)
    return text


def default_text(entry: dataclasses.Field[Any]) -> str:
    """A default as it would be typed."""
    if entry.type is bool:
        return "1" if entry.default else "0"
    return str(entry.default) if entry.default not in ((), "") else "empty"


def metavar(entry: dataclasses.Field[Any]) -> str:
    """The word for a value in the usage text."""
    words: dict[Any, str] = {int: "NUMBER", bool: "1|0", Path: "FOLDER", str: "TEXT"}
    return words.get(entry.type, "NAMES")


def documentation() -> str:
    """The text of `docs/settings.md`."""
    rows = [
        f"| `{variable(name)}` | `{flag(name)}` | `{default_text(entry)}` | {unit_text(about)} | {about.help} |"
        for name, (entry, about) in options().items()
    ]
    head = ["| variable | flag | default | unit and bounds | what it does |", "|---|---|---|---|---|"]
    return "\n".join([INTRODUCTION, *head, *rows, ""])


def unit_text(about: Option) -> str:
    """Unit and bounds, for a person."""
    bounds = f"{about.minimum} to {about.maximum}" if about.maximum else ", ".join(about.choices)
    return " ".join(part for part in (about.unit, bounds) if part)


INTRODUCTION = """# Settings

Each is an environment variable and a flag of `server.py`; the flag wins. They are read once, at the start; a value that
does not fit stops the start with one sentence and exit code 2. This page is written by `python -m settings`.
"""

if __name__ == "__main__":
    sys.stdout.write(documentation())
