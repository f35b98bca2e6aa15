"""The figures of several runs, such as one for each seed → their mean and spread."""

from __future__ import annotations

from statistics import mean, stdev
from typing import Any


def summary(runs: list[dict[str, float]]) -> dict[str, dict[str, Any]]:
    """For each figure its mean, its standard deviation (of the sample; None for one run) and the values of all runs."""
    return {
        key: {
            "mean": mean(run[key] for run in runs),
            "sd": stdev([run[key] for run in runs]) if len(runs) > 1 else None,
            "values": [run[key] for run in runs],
        }
        for key in runs[0]
    }
