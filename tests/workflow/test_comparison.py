"""What a comparison of systems shows of its figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.comparison import joined
from spacy_litbert.workflow.comparison import Shown, _shown_as, comparison_parser, lines, plot
from spacy_litbert.workflow.summary import summary

RESULT = {
    "corpus": "mini",
    "systems": {
        "ours": {"dev": summary([{"f": 50.0}, {"f": 52.0}]), "test": summary([{"f": 40.0}, {"f": 40.0}])},
        "theirs": {"dev": summary([{"f": 30.0}]), "test": summary([{"f": 20.0}])},
    },
}


def test_a_line_for_each_system_has_mean_and_deviation() -> None:
    assert lines(RESULT, [Shown("dev", "f", "F1 on dev"), Shown("test", "f", "on test")]) == [
        "ours: F1 on dev 51.00 ± 1.41, on test 40.00 ± 0.00",
        "theirs: F1 on dev 30.00 ± 0.00, on test 20.00 ± 0.00",
    ]


def test_the_plot_appears_in_a_new_folder(tmp_path: Path) -> None:
    plot(RESULT, tmp_path / "new" / "plot.png", [Shown("dev", "f", "F1"), Shown("test", "f", "F1")])
    assert (tmp_path / "new" / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_seeds_are_numbers_separated_by_commas(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["c", "o", "p", "--config", "x", "--weights", "w", "--lr", "1", "--max-steps", "1"]
    given += ["--eval-frequency", "1", "--baseline-steps", "1", "--seeds"]
    assert comparison_parser(None).parse_args([*given, "0,12"]).seeds == [0, 12]
    with pytest.raises(SystemExit):
        comparison_parser(None).parse_args([*given, "0;1"])
    assert "--seeds" in capsys.readouterr().err


def of_seeds(seeds: list[int], ours: list[float], **settings: Any) -> dict[str, Any]:
    made = {"date": f"day {seeds[0]}", "machine": "m", "versions": "v"}
    systems = {"ours": {"test": summary([{"f": value} for value in ours])}}
    return {"corpus": "mini", "seeds": seeds, "systems": systems, "settings": settings, **made}


def test_seeds_of_two_times_are_joined() -> None:
    first, second = of_seeds([0, 2], [50.0, 54.0]), of_seeds([1, 2], [51.0, 55.0])
    both = joined(joined(first, second), of_seeds([3], [60.0]))
    assert both["seeds"] == [0, 1, 2, 3]
    assert both["systems"]["ours"]["test"]["f"]["values"] == [50.0, 51.0, 55.0, 60.0]  # the later one of seed 2
    assert both["systems"]["ours"]["test"]["f"]["mean"] == 54.0
    assert [(part["seeds"], part["date"]) for part in both["earlier"]] == [([0, 2], "day 0"), ([0, 1, 2], "day 1")]
    assert joined(first, first) == first


def test_seeds_of_different_comparisons_are_not_joined() -> None:
    with pytest.raises(ValueError, match="settings"):
        joined(of_seeds([0], [50.0], rate=1), of_seeds([1], [50.0], rate=2))
    other = of_seeds([1], [50.0])
    other["systems"]["theirs"] = other["systems"]["ours"]
    with pytest.raises(ValueError, match="systems"):
        joined(of_seeds([0], [50.0]), other)


def test_weights_whose_names_end_alike_are_told_apart() -> None:
    names = ["runs/a/model", "runs/b/model", "other/small"]
    assert _shown_as(names) == {"runs/a/model": names[0], "runs/b/model": names[1], "small": names[2]}
