"""Long work: detections of uploaded series, done one after another by one process beside the service."""

from jobs.job_queue import JobQueue, Progress, QueueFull
from jobs.results import NotDone, Results, Window

__all__ = [
    "JobQueue",
    "NotDone",
    "Progress",
    "QueueFull",
    "Results",
    "Window",
]
