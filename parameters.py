"""Declared parameters: unit, bounds, default and help, read from the signature of the function that takes them."""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from errors import BadParameter, UnknownName

JSON_TYPES = {int: "integer", float: "number"}


@dataclass(frozen=True)
class Param:
    """Unit, inclusive bounds and help of a parameter, written in the `Annotated` type of a keyword argument.

    `parameters` fills in name, type ("integer" or "number") and default from the signature.
    """

    unit: str | None
    minimum: float
    maximum: float
    help: str
    name: str = ""
    type: str = ""
    default: Any = None


def parameters(function: Callable[..., Any]) -> dict[str, Param]:
    """The parameters of a function by name, from its signature."""
    declared = {}
    hints = get_type_hints(function, include_extras=True)
    for name, argument in inspect.signature(function).parameters.items():
        hint = hints.get(name)
        if get_origin(hint) is Annotated:
            kind, param = get_args(hint)[:2]
            declared[name] = replace(param, name=name, type=JSON_TYPES[kind], default=argument.default)
    return declared


def check_parameter(param: Param, value: Any) -> int | float:
    """Validate `value` and convert it to the parameter's type; an integer may be passed as `97.0`.

    Raises BadParameter where it is not a number, not finite, not an integer as declared, or out of bounds.
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


def check_names(declared: Mapping[str, Param], names: Iterable[str]) -> None:
    """Raise UnknownName for a name that is not declared."""
    for name in names:
        if name not in declared:
            message = f"There is no parameter {name!r} here; use one of {', '.join(declared)}."
            raise UnknownName(message, name=name, known=sorted(declared))


def check_arguments(function: Callable[..., Any], params: Mapping[str, Any]) -> None:
    """Raise UnknownName for a parameter that `function` does not have, BadParameter for an invalid value.

    Call it before a `fit` with the params of a request: `fit` checks them only after binding its own arguments, so a
    param named `series` would raise TypeError.
    """
    declared = parameters(function)
    for name, value in params.items():
        check_names(declared, [name])
        check_parameter(declared[name], value)


D = TypeVar("D")


def checked(function: Callable[..., D]) -> Callable[..., D]:
    """Decorate a `fit` to check its keyword arguments against the bounds in its signature and to fill in defaults.

    The decorated function raises UnknownName for a parameter that the detector does not have, BadParameter for an
    invalid value.
    """
    declared: dict[str, Param] = {}

    @functools.wraps(function)
    def fit(cls: Any, series: Any, **params: Any) -> D:
        progress = {"progress": params.pop("progress")} if "progress" in params else {}
        if not declared:
            declared.update(parameters(function))
        check_names(declared, params)
        checked_params = {
            name: check_parameter(param, params.get(name, param.default)) for name, param in declared.items()
        }
        return function(cls, series, **progress, **checked_params)

    return fit
