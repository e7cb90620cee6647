"""Identifies one of the scorers that a detector combines."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ScorerId:
    """One scorer; `events.wording` has a phrase for each name.

    name    what it compares, e.g. `level_spread`
    window  length of its windows in points; None where it scores single points
    """

    name: str
    window: int | None = None
