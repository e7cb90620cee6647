"""What was learned of a series, as a code and its facts; `events.wording.note_message` makes the sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

Fact = int | float | str | Sequence[int]


@dataclass(frozen=True)
class Note:
    """One thing that was learned, or that limits a detection.

    code   stable identifier, for programs
    facts  JSON values by name
    """

    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {"code": self.code, "facts": dict(self.facts)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """Inverse of `to_json`."""
        return cls(plain["code"], plain["facts"])
