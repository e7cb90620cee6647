"""Columns in memory: bounded, the longest unused go first, never written to."""

import numpy as np
import pytest

from store.column_cache import ColumnCache

KB = 1024


def fill(columns, *keys, size=KB):
    """Which of the keys had to be made."""
    made = []
    for key in keys:
        columns.get(key, lambda key=key: made.append(key) or np.zeros(size, np.uint8))
    return made


def test_what_is_held_is_not_made_again_and_the_longest_unused_goes_first():
    columns = ColumnCache(5 * KB)
    assert fill(columns, *"abcde") == [*"abcde"]
    assert fill(columns, *"abcde") == []
    assert fill(columns, "a", "f") == ["f"]
    assert fill(columns, *"acdef") == []
    assert fill(columns, "b") == ["b"]


def test_what_is_large_is_not_held():
    columns = ColumnCache(4 * KB)
    assert fill(columns, "a", "b", "c") == ["a", "b", "c"]
    assert fill(columns, "large", "large", size=KB + 1) == ["large", "large"]
    assert fill(columns, "a", "b", "c") == []


def test_what_is_forgotten_makes_room():
    columns = ColumnCache(4 * KB)
    fill(columns, ("s", 1), ("s", 2), ("t", 1))
    columns.discard(lambda key: key[0] == "s")
    assert fill(columns, ("t", 1), ("s", 1), ("s", 2), ("u", 1)) == [("s", 1), ("s", 2), ("u", 1)]
    assert fill(columns, ("t", 1), ("s", 1), ("s", 2), ("u", 1)) == []


def test_nobody_can_change_what_others_see():
    found = ColumnCache(KB).get("a", lambda: np.zeros(3))
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 1
