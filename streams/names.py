"""The names that a stream may have."""

from errors import BadInput
from store import LONGEST_NAME
from timeseries import HIDDEN


def check_name(name: str) -> None:
    """Refuses a name that cannot be told or stored, or that shows as another. Raises BadInput."""
    if not 1 <= len(name) <= LONGEST_NAME:
        raise BadInput(f"A stream's name has 1 to {LONGEST_NAME} characters.", name="name", limit=LONGEST_NAME)
    if name in {".", ".."} or HIDDEN.search(name):
        raise BadInput("A stream's name holds no control characters and is neither . nor ..", name="name")
