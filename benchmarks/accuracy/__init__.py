"""How often detectors are right, measured on series with known anomalies. `./run bench accuracy` does it for all.

For research, in a few lines:

    from benchmarks.accuracy import labelled_series, vus_pr, vus_window, event_metrics
    for one in labelled_series():                # of ../shared/data; labelled_series(["nab/realTweets"]) for a part
        score = my_score(one.series)             # (n,), higher is more anomalous, NaN where it has no score
        print(one.file, one.data_set, vus_pr(score, one.labels, vus_window(one.series.values)))

`vus_pr` needs no threshold. `event_metrics(events, labels)` counts the events of a detector, half open pairs of
positions such as `[(event.start, event.stop) for event in detection.events]`. What each number means stands in
docs/explanation/accuracy.md and in `vus`, `events` and `nab`.
"""

from benchmarks.accuracy.data import Labelled, labelled_series
from benchmarks.accuracy.events import EventMetrics, event_metrics
from benchmarks.accuracy.vus import vus_pr, vus_window

__all__ = ["EventMetrics", "Labelled", "event_metrics", "labelled_series", "vus_pr", "vus_window"]
