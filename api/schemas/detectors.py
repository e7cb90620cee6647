"""The detectors and their parameters."""

from typing import Annotated, Self

from anomaly_detection import Detector as DetectorClass
from anomaly_detection import parameters_of
from api.schemas.fields import Schema, choice, described
from parameters import Param
from timeseries import EMPTY_SERIES


class Parameter(Schema):
    """A parameter of a detector."""

    name: str
    type: Annotated[str, choice("integer", "number")]
    default: int | float
    unit: str | None
    minimum: int | float
    maximum: int | float
    help: str

    @classmethod
    def from_param(cls, param: Param) -> Self:
        """The response for a declared parameter."""
        return cls(param.name, param.type, param.default, param.unit, param.minimum, param.maximum, param.help)


class Detector(Schema):
    """A detector."""

    name: str
    title: str
    help: str
    memory: Annotated[int, described("How many past points scoring a point needs, with the default params.", ge=0)]
    params: list[Parameter]

    @classmethod
    def from_class(cls, name: str, detector: type[DetectorClass]) -> Self:
        """The response for a detector; its memory is that of a fit to an empty series."""
        params = [Parameter.from_param(param) for param in parameters_of(detector).values()]
        return cls(name, detector.title, detector.help, detector.fit(EMPTY_SERIES).memory, params)


class DetectorList(Schema):
    """Every detector; the first is the default."""

    detectors: list[Detector]
