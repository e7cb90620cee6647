"""The detection queue: detections of datasets, run one after another by a worker process."""

from jobs.job_queue import JobQueue, Progress, QueueFull
from jobs.results import NotDone, PointRange, Results
from jobs.stopwatch import Stopwatch

__all__ = [
    "JobQueue",
    "NotDone",
    "PointRange",
    "Progress",
    "QueueFull",
    "Results",
    "Stopwatch",
]
