"""Rolling mean and standard deviation, bit-identical wherever the series starts.

Windows are built by doubling: the moments of 2·k values are those of two neighbouring blocks of k, merged
(Chan, Golub & LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979, eq. 2.1).
Any length is a sum of powers of two. Each window goes through the same tree of merges, so its result depends on its
own values only. Running sums would accumulate the rounding errors of all earlier points.
"""

import numpy as np

from timeseries import Floats

BLOCK = 8192
"""Points processed together, so that the arrays of one merge fit in a core's cache."""

Moments = tuple[Floats | float, Floats, Floats]
"""Count, mean and sum of squared deviations (n,) of one block of values per element; the count is a number where no
value is missing."""


def moments_before(values: Floats, window: int, first: int = 0) -> tuple[Floats, Floats, Floats]:
    """Count, mean and standard deviation of the `window` values before each point from position `first` on.

    values  (n + first,); NaN is missing and is not counted
    returns count (n,); mean (n,), 0 where the count is 0; std (n,) with divisor count − 1, 0 where the count is below 2
    """
    n = len(values) - first
    count = np.empty(n)
    mean = np.empty(n)
    std = np.empty(n)
    padded = with_context(values, window, first)
    step = max(BLOCK, 2 * window)
    for start in range(0, n, step):
        stop = min(start + step, n)
        within, mean[start:stop], squares = _sliding(padded[start : stop + window - 1], window)
        count[start:stop] = within
        np.sqrt(squares / np.maximum(np.subtract(within, 1.0), 1.0), out=std[start:stop])
    return count, mean, std


def with_context(values: Floats, window: int, first: int) -> Floats:
    """The values from `window` points before position `first` on, padded with NaN before the start of the series."""
    tail = values[max(first - window, 0) :]
    return tail if first >= window else np.concatenate((np.full(window - first, np.nan), tail))


def _sliding(values: Floats, window: int) -> Moments:
    """Moments (n − window + 1,) of every complete window of `values` (n,).

    Merges the blocks whose lengths are the powers of two in `window`, shortest first.
    """
    known = np.isfinite(values)
    run: Moments
    if known.all():
        run = 1.0, values, np.zeros(len(values))
    else:
        run = known.astype(np.float64), np.where(known, values, 0.0), np.zeros(len(values))
    length = 1
    done = 0
    total = None
    while True:
        if window & length:
            part = _shift(run, done)
            total = part if total is None else _merge(total, part)
            done += length
        if done == window:
            size = len(values) - window + 1
            assert total is not None
            return _shift(total, 0, size)
        run = _merge(run, _shift(run, length))
        length *= 2


def _shift(run: Moments, by: int, size: int | None = None) -> Moments:
    """The moments from element `by` on, all or `size` of them."""
    stop = None if size is None else by + size
    count, mean, squares = run
    return count if isinstance(count, float) else count[by:stop], mean[by:stop], squares[by:stop]


def _merge(left: Moments, right: Moments) -> Moments:
    """Moments of the union of both blocks, element by element, cut to the shorter array (Chan et al., eq. 2.1)."""
    size = min(len(left[1]), len(right[1]))
    (n_left, mean_left, squares_left), (n_right, mean_right, squares_right) = (
        _shift(left, 0, size),
        _shift(right, 0, size),
    )
    n: Floats | float
    if isinstance(n_left, float):
        n = n_left + n_right
        share = n_right / n
    else:
        n = np.add(n_left, n_right)
        share = n_right / np.maximum(n, 1.0)
    difference = mean_right - mean_left
    mean = difference * share
    mean += mean_left
    difference *= difference
    difference *= n_left * share
    difference += squares_left
    difference += squares_right
    return n, mean, difference
