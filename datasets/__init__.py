"""Uploaded tables: stored whole, read in windows, labelled."""

from datasets.datasets import Uploads

__all__ = ["Uploads"]
