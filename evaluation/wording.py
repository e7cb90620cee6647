"""Sentences about a detectability report."""

from evaluation.detectability_report import DEFAULT_CYCLE, Detectability, FaultDetectability, Reason, SizeResult
from timeseries import duration

REASONS = {
    Reason.CONSTANT: "The values do not change: there is nothing to inject faults into.",
    Reason.TOO_SLOW: "This detector takes too long with these parameters to be tried here: nothing was injected.",
    Reason.NOT_SCORED: "None of the last {points} points is scored: the series is too short for this detector, or "
    "empty.",
    Reason.NO_QUIET_PLACE: "No normal interval is long enough to inject a fault into: nearly all points are flagged, "
    "missing or too early.",
    Reason.NO_PERIOD: "The series has no period: missing and faster cycles were not tried.",
    Reason.TOO_LONG: "Faults that last longer than the normal intervals were not tried.",
    Reason.TRUNCATED: "Only {injected} of {requested} faults were tried within the time limit, so each share rests on "
    "few of them.",
}
SUBJECTS = {
    "spike": "A spike of {size:g} times the typical noise{change}",
    "dip": "A dip of {size:g} times the typical noise{change}",
    "level_shift": "A level shift of {size:g} times the typical change{change} over {points}",
    "drift": "A drift to {size:g} times the typical change{change} over {points}",
    "changed_amplitude": "An amplitude {size:g} times as large over {points}",
    "changed_frequency": "A cycle {size:g} times as fast over {points}",
    "flat_line": "A flat line over {points}",
    "noise_burst": "A burst of {size:g} times the typical noise{change} over {points}",
    "missing_cycle": "An interval of {points} in which {cycles} missing",
}
"""The fault of one size, as the beginning of a sentence."""


def reason_sentence(report: Detectability) -> str:
    """Why nothing, or not everything, was injected; "" where everything was."""
    counts = {"points": report.points, "injected": report.injected, "requested": report.requested}
    return " ".join(REASONS[reason].format(**counts) for reason in report.reasons)


def report_sentences(report: Detectability) -> list[str]:
    """What was injected, what was detected, and what could not be injected."""
    sentences = []
    if report.injected:
        sentences.append(
            f"{report.injected} known faults were injected into normal intervals of the last {report.points} points, "
            f"in {report.copies} copies; the detector was fitted once, on the series without them."
        )
        cycle = f"a cycle of {_points(report.period)}" if report.period else _points(DEFAULT_CYCLE)
        sentences.append(
            f"The typical noise is {report.noise:.3g}, the typical change over {cycle} {report.typical_change:.3g}."
        )
    sentences += [fault_sentence(fault) for fault in report.faults]
    reason = reason_sentence(report)
    return [*sentences, reason] if reason else sentences


def fault_title(fault: FaultDetectability) -> str:
    """The name of a fault: "Level shift"."""
    return fault.name.replace("_", " ").capitalize()


def fault_sentence(fault: FaultDetectability) -> str:
    """How much of a fault is detected: at its smallest detectable size, or at the largest one."""
    result = fault.smallest or fault.sizes[-1]
    change = "" if result.change is None else f" ({result.change:.3g})"
    points, cycles = _points(result.points), _cycles(result.size)
    subject = SUBJECTS[fault.name].format(size=result.size, change=change, points=points, cycles=cycles)
    count = f"{result.detected} time{'' if result.detected == 1 else 's'} in {result.injected}"
    if fault.smallest:
        return f"{subject} is detected {count}, {_delay(result)}."
    if not result.detected:
        return f"{subject}, the largest tried, is not detected."
    return f"{subject}, the largest tried, is detected only {count}."


def _delay(result: SizeResult) -> str:
    """ "immediately", "after 3 points (15 minutes)"."""
    if not result.delay_points:
        return "immediately"
    delay = f"after {_points(result.delay_points)}"
    return delay if result.delay_ms is None else f"{delay} ({duration(result.delay_ms)})"


def _points(points: float) -> str:
    return f"{points:g} point{'' if points == 1 else 's'}"


def _cycles(cycles: float) -> str:
    return f"{cycles:g} cycle{' is' if cycles == 1 else 's are'}"
