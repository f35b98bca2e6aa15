"""Sum up the figures of several runs, such as one for each seed, by their mean and spread."""

from __future__ import annotations

from statistics import mean, stdev
from typing import Any


def summary(runs: list[dict[str, float]]) -> dict[str, dict[str, Any]]:
    """Return each figure's mean, standard deviation (of the sample; None for one run) and values in all runs."""
    return {
        key: {
            "mean": mean(run[key] for run in runs),
            "sd": stdev([run[key] for run in runs]) if len(runs) > 1 else None,
            "values": [run[key] for run in runs],
        }
        for key in runs[0]
    }
