"""What `auto` costs on one core: fit and detection on a finished series, and one point of a stream.

Seconds are those of the processor, with one thread: they hardly depend on what else the machine does.
"""

from benchmarks._measure import Work, measure
from data_generation import demo

SIZES = {10_000: 1.5, 100_000: 20.0, 1_000_000: 120.0}
"""Points, and the seconds they may take."""
MEMORY = 1024
"""Peak MiB that the process may hold."""
STREAM_POINTS = 200
"""Points of a stream scored one after another."""
LIMIT = 1200.0


def finished(points: int) -> Work:
    """What the page does with a file: fit, then review."""
    from detectors.auto.detector import Auto

    series = demo("machine_temperature", points).series
    return lambda: int(Auto.fit(series).detect_offline(series).is_anomaly.sum())


def stream(points: int) -> Work:
    """What a stream does with each of JUDGED points, fitted on so many before."""
    from detectors.auto.detector import Auto

    series = demo("machine_temperature", points + STREAM_POINTS).series
    auto = Auto.fit(series.slice(0, points))

    def work() -> int:
        ends = range(points + 1, points + STREAM_POINTS + 1)
        return sum(bool(auto.detect_last(series.slice(end - auto.memory - 1, end), 1).is_anomaly[0]) for end in ends)

    return work


def main() -> None:
    print(f"{'points':>9} {'seconds':>9} {'allowed':>8} {'peak MiB':>9} {'allowed':>8} {'flags':>7}")
    for points, seconds in SIZES.items():
        result = measure("auto", "finished", points, limit=LIMIT)
        line = result.problem or f"{result.processor:9.2f} {seconds:8g} {result.peak:9.0f} {MEMORY:8} {result.flags:7,}"
        print(f"{points:9,} {line}", flush=True)
    result = measure("auto", "stream", 10_000, limit=LIMIT)
    line = result.problem or f"{1000 * result.processor / STREAM_POINTS:.2f} ms"
    print(f"a point of a stream, after a fit on 10,000: {line}")


if __name__ == "__main__":
    main()
