"""The streams as Prometheus samples, written as text in a fifth of the time that prometheus_client's objects take."""

import math
from collections.abc import Callable, Iterator, Sequence

from streams import StreamSnapshot

GAUGES: dict[str, tuple[str, Callable[[StreamSnapshot], float]]] = {
    "value": ("The newest value; absent where it is missing.", lambda stream: stream.newest.value),
    "expected": ("The expected value; absent where there is none.", lambda stream: stream.newest.expected),
    "lower": ("Lower edge of the band of normal values.", lambda stream: stream.newest.lower),
    "upper": ("Upper edge of the band of normal values.", lambda stream: stream.newest.upper),
    "score": ("Score of the newest value, in the detector's unit.", lambda stream: stream.newest.score),
    "threshold": ("A score above this is an anomaly.", lambda stream: stream.threshold),
    "anomalous": ("1 while an event is open, else 0.", lambda stream: stream.anomalous),
    "silent": (
        "1 while no point arrives for longer than the stream's arrival intervals allow, else 0.",
        lambda stream: stream.state == "silent",
    ),
}
COUNTERS: dict[str, tuple[str, Callable[[StreamSnapshot], float]]] = {
    "points_total": ("Points accepted since the stream was created.", lambda stream: stream.points),
    "anomalies_total": ("Anomalies among the points since the service started.", lambda stream: stream.anomalies),
}


def text(streams: Sequence[StreamSnapshot]) -> str:
    """The samples of each stream, family by family, in the Prometheus text format."""
    labels = [f'{{stream="{escaped(stream.name)}"}}' for stream in streams]
    families = [
        (kind, *family) for kind, named in (("gauge", GAUGES), ("counter", COUNTERS)) for family in named.items()
    ]
    return "".join(
        line
        for kind, name, (help_text, number) in families
        for line in family_lines(
            f"anomaly_stream_{name}", kind, help_text, zip(labels, map(number, streams), strict=True)
        )
    )


def family_lines(name: str, kind: str, help_text: str, samples: Iterator[tuple[str, float]]) -> Iterator[str]:
    """Lines of a family. Unknown numbers are left out: one NaN would make every sum and mean over streams NaN."""
    yield f"# HELP {name} {help_text}\n# TYPE {name} {kind}\n"
    for label, number in samples:
        if not math.isnan(number):
            yield f"{name}{label} {format_number(number)}\n"


def format_number(number: float) -> str:
    """A number as Prometheus reads it."""
    return repr(float(number)) if math.isfinite(number) else "+Inf" if number > 0 else "-Inf"


def escaped(name: str) -> str:
    r"""A label's value.

    >>> print(escaped('a"b\\c'))
    a\"b\\c
    """
    return name.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
