"""VUS-PR in plain loops, by its definition; the reference for the vectorised one."""

import math


def vus_pr(score, labels, window, thresholds=250):
    volumes = [area(score, labels, width, window, thresholds) for width in range(window + 1)]
    return sum(volumes) / len(volumes)


def area(score, labels, width, window, thresholds):
    """Area under precision and recall with a buffer of `width` points, by rectangles."""
    n = len(score)
    events = runs(labels)
    weights = buffered(labels, events, width)
    clusters = merged(events, width // 2, n)
    falling = sorted(score, reverse=True)
    step, total, recall_before = (n - 1) / (thresholds - 1), 0.0, 0.0
    for k in range(thresholds):
        level = falling[n - 1 if k == thresholds - 1 else int(k * step)]
        flagged = [value >= level for value in score]
        true = sum(weight for weight, flag in zip(weights, flagged, strict=True) if flag)
        buffer = sum(weight for weight, flag, label in zip(weights, flagged, labels, strict=True) if flag and not label)
        result = sum(any(flagged[start:stop]) for start, stop in clusters) / len(clusters)
        recall = min(true / (sum(labels) + buffer / 2), 1) * result
        total += (recall - recall_before) * true / sum(flagged)
        recall_before = recall
    return total


def runs(labels):
    events = []
    for i, label in enumerate(labels):
        if label and (i == 0 or not labels[i - 1]):
            events.append([i, i])
        if label:
            events[-1][1] = i + 1
    return events


def buffered(labels, events, width):
    weights = [float(label) for label in labels]
    for start, stop in events:
        for d in range(1, width // 2 + 1):
            for at in (start - d, stop - 1 + d):
                if 0 <= at < len(labels):
                    weights[at] += math.sqrt(1 - d / width)
    return [min(1.0, weight) for weight in weights]


def merged(events, half, n):
    """Events beyond by half a buffer; those that share a point are one."""
    clusters = []
    for start, stop in events:
        if clusters and start - half < clusters[-1][1]:
            clusters[-1][1] = stop + half
        else:
            clusters.append([start - half, stop + half])
    return [(max(start, 0), min(stop, n)) for start, stop in clusters]
