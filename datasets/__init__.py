"""Uploaded tables: stored in full, read in intervals, labelled."""

from datasets.datasets import Datasets, PointRange

__all__ = [
    "Datasets",
    "PointRange",
]
