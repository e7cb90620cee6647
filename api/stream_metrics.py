"""The streams as Prometheus samples, written as text: thousands of them, for a fifth of the time that objects take."""

import math
from collections.abc import Callable, Iterator, Sequence

from streams import StreamSnapshot

GAUGES: dict[str, tuple[str, Callable[[StreamSnapshot], float]]] = {
    "value": ("The newest value; absent where it is missing.", lambda stream: stream.newest.value),
    "expected": ("The value expected in its place; absent where none was.", lambda stream: stream.newest.expected),
    "lower": ("Lower edge of the band of normal values.", lambda stream: stream.newest.lower),
    "upper": ("Upper edge of the band of normal values.", lambda stream: stream.newest.upper),
    "score": ("How surprising the newest value is, in the detector's unit.", lambda stream: stream.newest.score),
    "threshold": ("A score above this is an anomaly.", lambda stream: stream.threshold),
    "anomalous": ("1 while an event is open, else 0.", lambda stream: stream.anomalous),
    "silent": ("1 while no point comes for much longer than usual, else 0.", lambda stream: stream.state == "silent"),
}
COUNTERS: dict[str, tuple[str, Callable[[StreamSnapshot], float]]] = {
    "points_total": ("Points taken since the stream was made.", lambda stream: stream.points),
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
        for kind, name, (told, number) in families
        for line in family_lines(f"anomaly_stream_{name}", kind, told, zip(labels, map(number, streams), strict=True))
    )


def family_lines(name: str, kind: str, told: str, samples: Iterator[tuple[str, float]]) -> Iterator[str]:
    """A family; a number that is not known is left out, for one NaN would spoil every sum and mean over streams."""
    yield f"# HELP {name} {told}\n# TYPE {name} {kind}\n"
    for label, number in samples:
        if not math.isnan(number):
            yield f"{name}{label} {written(number)}\n"


def written(number: float) -> str:
    """A number as Prometheus reads it."""
    return repr(float(number)) if math.isfinite(number) else "+Inf" if number > 0 else "-Inf"


def escaped(name: str) -> str:
    r"""A label's value.

    >>> print(escaped('a"b\\c'))
    a\"b\\c
    """
    return name.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
