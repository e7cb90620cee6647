"""Which injected faults a detector detects in a series."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, get_args

import msgspec

from api.schemas.fields import Count, Number, Params, Schema, described, seconds
from api.schemas.table import Repair, name_of, repairs_of
from evaluation.detectability_report import Detectability as DetectabilityReport
from evaluation.detectability_report import FaultDetectability, SizeResult
from evaluation.wording import fault_sentence, fault_title, reason_sentence, report_sentences
from store import Dataset
from timeseries import Table

Mode = Literal["offline", "online"]
MODES: tuple[Mode, ...] = get_args(Mode)
Unit = Literal["noise", "change", "amplitude", "speed", "cycles"]
UNIT_TEXT = (
    "The unit of its sizes: multiples of the series' typical noise, of its typical change within a cycle, or of the"
    " amplitude or speed of its cycle; or cycles."
)
MODE_TEXT = "offline: scored with later points too, as a file; online: with earlier points only, as a stream."


class DetectabilityBody(Schema):
    """A column and a detector, and how injected faults are scored."""

    column: Annotated[str | None, described("A value column; absent: the dataset's default column.")] = None
    detector: Annotated[str | None, described("Its name; absent: the first of GET /api/v1/detectors.")] = None
    params: Annotated[dict[str, Any], described("The detector's parameters; absent ones have their default.")] = (
        msgspec.field(default_factory=dict)
    )
    mode: Annotated[Mode, described(MODE_TEXT)] = "offline"


class FaultSize(Schema):
    """One size of a fault, injected several times."""

    size: Annotated[float, described("In the unit of the fault.")]
    change: Annotated[Number, described("The size in the unit of the series; null where it is no distance.")]
    points: Annotated[int, described("How long the fault lasts.", ge=1)]
    injected: Annotated[int, described("How often it was injected.", ge=1)]
    detected: Count
    share: Annotated[float, described("detected ÷ injected.", ge=0, le=1)]
    delay_points: Annotated[
        Number, described("Median delay of the detected ones from the fault's first point; null: none was detected.")
    ]
    delay_seconds: Annotated[Number, described("The same delay in seconds; null for a series without times.")]

    @classmethod
    def from_result(cls, result: SizeResult) -> Self:
        """The response for one size."""
        return cls(
            size=result.size,
            change=result.change,
            points=result.points,
            injected=result.injected,
            detected=result.detected,
            share=result.share,
            delay_points=result.delay_points,
            delay_seconds=seconds(result.delay_ms),
        )


class Fault(Schema):
    """A known fault and how much of it is detected."""

    name: str
    title: str
    unit: Annotated[Unit, described(UNIT_TEXT)]
    summary: Annotated[str, described("How much of it is detected, in one sentence.")]
    smallest: Annotated[Number, described("The first size of which four in five are detected; null: none is.")]
    sizes: Annotated[list[FaultSize], described("Smallest first.")]

    @classmethod
    def from_report(cls, fault: FaultDetectability) -> Self:
        """The response for one fault."""
        return cls(
            name=fault.name,
            title=fault_title(fault),
            unit=fault.unit.value,
            summary=fault_sentence(fault),
            smallest=fault.smallest.size if fault.smallest else None,
            sizes=[FaultSize.from_result(result) for result in fault.sizes],
        )


@dataclass(frozen=True)
class Source:
    """The table and the column that faults were injected into."""

    name: str
    column: str
    columns: list[str]
    time_column: str | None
    repairs: list[Repair]

    @classmethod
    def from_table(cls, table: Table) -> Self:
        """The default column of a table."""
        series = table.series()
        return cls(name_of(table, series), series.name, list(table.columns), table.time_column, repairs_of(table))

    @classmethod
    def from_dataset(cls, dataset: Dataset, column: str) -> Self:
        """A column of a stored dataset."""
        repairs = [Repair.from_repair(repair) for repair in dataset.repairs]
        return cls(dataset.name, column, list(dataset.columns), dataset.time_column, repairs)


class Detectability(Schema):
    """Which faults a detector detects when they are injected into copies of a series' normal intervals."""

    detector: str
    mode: Mode
    name: str
    column: Annotated[str, described("The value column that faults were injected into.")]
    columns: Annotated[list[str], described("Every value column of the input.")]
    time_column: str | None
    params: Params
    summary: Annotated[list[str], described("The complete report in sentences.")]
    points: Annotated[int, described("Length of each copy: the last points of the series.", ge=0)]
    copies: Count
    noise: Annotated[Number, described("Typical noise, in the unit of the series.")]
    typical_change: Annotated[
        Number, described("Typical change over a cycle, or over 32 points, in the unit of the series.")
    ]
    period: Annotated[int | None, described("Points of one seasonal cycle; null where the series has none.")]
    reason: Annotated[str | None, described("Why nothing, or not everything, could be injected.")]
    truncated: Annotated[
        bool, described("Whether fewer faults were injected than fit, to respond within the deadline.")
    ]
    faults: Annotated[list[Fault], described("Those that could be injected.")]
    repairs: list[Repair]

    @classmethod
    def from_report(
        cls, report: DetectabilityReport, source: Source, detector: str, params: Params, mode: Mode
    ) -> Self:
        """The response for a report."""
        return cls(
            detector=detector,
            mode=mode,
            name=source.name,
            column=source.column,
            columns=source.columns,
            time_column=source.time_column,
            params=params,
            summary=report_sentences(report),
            points=report.points,
            copies=report.copies,
            noise=report.noise,
            typical_change=report.typical_change,
            period=report.period,
            reason=reason_sentence(report) or None,
            truncated=report.truncated,
            faults=[Fault.from_report(fault) for fault in report.faults],
            repairs=source.repairs,
        )
