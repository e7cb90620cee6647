"""Uploaded tables: stored whole, read in windows, labelled."""

from datasets.datasets import Datasets

__all__ = [
    "Datasets",
]
