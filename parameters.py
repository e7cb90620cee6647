"""Parameters: unit, bound, default and help, written once in the signature of the function that takes them."""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from errors import BadParameter, UnknownName


@dataclass(frozen=True)
class Param:
    """Unit, bounds (inclusive) and help of one parameter; stands in the `Annotated` type of the keyword argument."""

    unit: str | None
    minimum: float
    maximum: float
    help: str
    name: str = ""
    type: str = ""
    default: Any = None


def parameters(function: Callable[..., Any]) -> dict[str, Param]:
    """The parameters of a `fit` method, read from its signature: the one place where they are written."""
    found = {}
    hints = get_type_hints(function, include_extras=True)
    for name, argument in inspect.signature(function).parameters.items():
        hint = hints.get(name)
        if get_origin(hint) is Annotated:
            kind, param = get_args(hint)[:2]
            words = {int: "integer", float: "number"}
            found[name] = Param(
                param.unit, param.minimum, param.maximum, param.help, name, words[kind], argument.default
            )
    return found


def check_parameter(param: Param, value: Any) -> int | float:
    """`value` as the parameter's own type. Integers may come as `97.0`.

    Raises BadParameter when it is not a number, not finite, not whole, or out of bounds.
    """
    bounds = f"from {param.minimum:g} to {param.maximum:g}"
    facts = {"name": param.name, "minimum": param.minimum, "maximum": param.maximum}
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadParameter(f"Parameter {param.name} must be a number {bounds}.", **facts)
    if not param.minimum <= value <= param.maximum:  # also false for NaN
        raise BadParameter(f"Parameter {param.name} must lie {bounds}.", **facts)
    if param.type == "integer":
        if not float(value).is_integer():
            raise BadParameter(f"Parameter {param.name} must be a whole number {bounds}.", **facts)
        return int(value)
    return float(value)


def check_given(function: Callable[..., Any], given: Mapping[str, Any]) -> None:
    """Raises UnknownName for a parameter that a `fit` does not have, BadParameter for a bad value.

    `fit` does the same, but later, and not for the names of its own arguments: a `series` that a caller of the
    service names must not reach it.
    """
    known = parameters(function)
    for name, value in given.items():
        if name not in known:
            message = f"There is no parameter {name!r} here; use one of {', '.join(known)}."
            raise UnknownName(message, name=name, known=sorted(known))
        check_parameter(known[name], value)


D = TypeVar("D")


def checked(function: Callable[..., D]) -> Callable[..., D]:
    """Checks the keyword arguments of a `fit` against the bounds in its signature, and completes them.

    Raises UnknownName for a parameter that the detector does not have, BadParameter for a bad value.
    """
    known: dict[str, Param] = {}

    @functools.wraps(function)
    def fit(cls: Any, series: Any, **given: Any) -> D:
        outside = {"progress": given.pop("progress")} if "progress" in given else {}
        if not known:
            known.update(parameters(function))
        for name in given:
            if name not in known:
                raise UnknownName(
                    f"There is no parameter {name!r} here; use one of {', '.join(known)}.",
                    name=name,
                    known=sorted(known),
                )
        full = {name: check_parameter(param, given.get(name, param.default)) for name, param in known.items()}
        return function(cls, series, **outside, **full)

    return fit
