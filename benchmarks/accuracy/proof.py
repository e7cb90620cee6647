"""VUS-PR and its window beside those of the TSB-AD package: `python -m benchmarks.accuracy.proof`."""

import numpy as np

from benchmarks.accuracy.vus import vus_pr, vus_window

CASES = 40
CLOSE = 1e-9


def greatest_difference(cases: int = CASES) -> float:
    """Between our VUS-PR and theirs over random scores and labels; raises AssertionError where the windows differ.

    Labels lie at the edges, close together and far apart, scores have ties in a third of the cases.
    """
    from TSB_AD.evaluation.basic_metrics import generate_curve
    from TSB_AD.utils.slidingWindows import find_length_rank

    rng, greatest = np.random.default_rng(0), 0.0
    for case in range(cases):
        n = int(rng.integers(50, 500))
        labels = np.zeros(n, dtype=int)
        for start in rng.integers(0, n, rng.integers(1, 9)):
            labels[start : start + int(rng.integers(1, 30))] = 1
        labels[[0, -1]] |= [case % 5 == 0, case % 7 == 0]
        labels[n // 2] = 0
        score, window = rng.normal(size=n) + labels * rng.normal(), int(rng.integers(0, 60))
        score = np.round(score) if case % 3 == 0 else score
        theirs = generate_curve(labels, score, window)[7]
        greatest = max(greatest, abs(theirs - vus_pr(score, labels > 0, window)))
        values = np.sin(np.arange(2_000) * rng.uniform(0.01, 1)) + rng.normal(0, rng.uniform(0.1, 2), 2_000)
        assert vus_window(values) == find_length_rank(values.reshape(-1, 1), rank=1), f"the windows differ in {case=}"
    return greatest


def main() -> None:
    greatest = greatest_difference()
    print(
        f"VUS-PR against TSB-AD on {CASES} random cases: greatest difference {greatest:.1e}, windows equal", flush=True
    )
    assert greatest < CLOSE, "VUS-PR is not that of TSB-AD"


if __name__ == "__main__":
    main()
