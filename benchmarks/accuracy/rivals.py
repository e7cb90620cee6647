"""Rivals from PyPI, each with the parameters that its own authors call best for one column.

Imported only in the environment of the benchmarks. `TSB_AD.HP_list.Optimal_Uni_algo_HP_dict` holds the parameters.
"""

import contextlib
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.accuracy.missing import filled
from timeseries import Floats, Series

LIBRARIES = ("TSB-AD", "stumpy", "tslearn", "scikit-learn", "numba")
SEED = 2024
"""The seed of TSB-AD's own programs."""


def tsb_ad(name: str, series: Series, standardise: bool = False) -> Floats:
    """The scores of one method of TSB-AD, through its own `run_...`; it prints much and knows no missing values.

    Where it asks for a part that is known to be normal, it gets the complete series: there is no such part here.
    """
    vars(np).setdefault("Inf", np.inf)  # the name that numpy 2 dropped; TSB-AD still uses it
    import torch
    from TSB_AD import HP_list, model_wrapper

    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    np.random.seed(SEED)  # noqa: NPY002  (the generator that TSB-AD draws from)
    values = filled(series.values).reshape(-1, 1)
    if standardise:
        values = (values - values.mean()) / (values.std() or 1.0)
    times = 2 if name in model_wrapper.Semisupervise_AD_Pool else 1
    run: Callable[..., Any] = getattr(model_wrapper, f"run_{name}")
    with open(os.devnull, "w") as quiet, contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
        score = run(*[values] * times, **HP_list.Optimal_Uni_algo_HP_dict[name])
    return np.asarray(score, dtype=np.float64)


SCORES: dict[str, Callable[[Series], Floats]] = {
    "TSB-AD SR": partial(tsb_ad, "SR"),
    "TSB-AD Sub-PCA": partial(tsb_ad, "Sub_PCA"),
    "TSB-AD POLY": partial(tsb_ad, "POLY"),
    "TSB-AD MatrixProfile": partial(tsb_ad, "MatrixProfile"),
    "TSB-AD KShapeAD": partial(tsb_ad, "KShapeAD"),
    # Version 1.5 standardises a single column and then trains on the values as they came; so it is done before.
    "TSB-AD LSTMAD": partial(tsb_ad, "LSTMAD", standardise=True),
}
