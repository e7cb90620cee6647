"""Uploaded tables: stored in full, read in intervals, labelled."""

from datasets.datasets import Datasets, Window

__all__ = [
    "Datasets",
    "Window",
]
