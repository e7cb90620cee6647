"""The column cache: bounded, least recently used first, read-only."""

import numpy as np
import pytest

from store.column_cache import ColumnCache

KB = 1024


def load_all(cache, *keys, size=KB):
    """The keys that were not cached and had to be loaded."""
    loaded = []
    for key in keys:
        cache.get(key, lambda key=key: loaded.append(key) or np.zeros(size, np.uint8))
    return loaded


def test_the_least_recently_used_column_is_evicted():
    cache = ColumnCache(5 * KB)
    assert load_all(cache, *"abcde") == [*"abcde"]
    assert load_all(cache, *"abcde") == []
    assert load_all(cache, "a", "f") == ["f"]
    assert load_all(cache, *"acdef") == []
    assert load_all(cache, "b") == ["b"]


def test_a_large_column_is_not_cached():
    cache = ColumnCache(4 * KB)
    assert load_all(cache, "a", "b", "c") == ["a", "b", "c"]
    assert load_all(cache, "large", "large", size=KB + 1) == ["large", "large"]
    assert load_all(cache, "a", "b", "c") == []


def test_discarded_columns_free_space():
    cache = ColumnCache(4 * KB)
    load_all(cache, ("s", 1), ("s", 2), ("t", 1))
    cache.discard(lambda key: key[0] == "s")
    assert load_all(cache, ("t", 1), ("s", 1), ("s", 2), ("u", 1)) == [("s", 1), ("s", 2), ("u", 1)]
    assert load_all(cache, ("t", 1), ("s", 1), ("s", 2), ("u", 1)) == []


def test_cached_columns_are_read_only():
    column = ColumnCache(KB).get("a", lambda: np.zeros(3))
    with pytest.raises(ValueError, match="read-only"):
        column[0] = 1
