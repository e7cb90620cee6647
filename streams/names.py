"""The names that a stream may have."""

from errors import BadInput
from store import MAX_NAME_LENGTH
from timeseries import HIDDEN


def check_name(name: str) -> None:
    """Checks that a name can be stored and shows as itself. Raises BadInput."""
    if not 1 <= len(name) <= MAX_NAME_LENGTH:
        raise BadInput(f"A stream's name has 1 to {MAX_NAME_LENGTH} characters.", name="name", limit=MAX_NAME_LENGTH)
    if name in {".", ".."} or HIDDEN.search(name):
        raise BadInput("A stream's name holds no control characters and is neither . nor ..", name="name")
