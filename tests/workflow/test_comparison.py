"""What a comparison of systems shows of its figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.comparison import joined
from spacy_litbert.workflow.comparison import Shown, System, _file_names, _shown_as, comparison_parser, lines, plot
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
        "theirs: F1 on dev 30.00, on test 20.00",
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


def of_seeds(seeds: list[int], values: list[float], name: str = "ours", **settings: Any) -> dict[str, Any]:
    figures = {split: summary([{"f": value} for value in values]) for split in ("dev", "test")}
    system = {"settings": settings, "seeds": seeds, "trained": [{"date": f"day {seed}"} for seed in seeds], **figures}
    return {"corpus": "mini", "systems": {name: system}, "date": f"day {seeds[0]}", "machine": "m", "versions": "v"}


def test_seeds_of_two_times_are_joined() -> None:
    first, second = of_seeds([0, 2], [50.0, 54.0]), of_seeds([1, 2], [51.0, 55.0])
    ours = joined(joined(first, second), of_seeds([3], [60.0]))["systems"]["ours"]
    assert ours["seeds"] == [0, 1, 2, 3]
    assert ours["test"]["f"]["values"] == [50.0, 51.0, 55.0, 60.0]  # the later one of seed 2
    assert ours["test"]["f"]["mean"] == 54.0
    assert [run["date"] for run in ours["trained"]] == ["day 0", "day 1", "day 2", "day 3"]
    assert joined(first, first) == first


def test_systems_of_two_times_are_joined() -> None:
    both = joined(of_seeds([0, 1], [50.0, 52.0]), of_seeds([1], [40.0], name="theirs", rate=2))
    assert {name: system["seeds"] for name, system in both["systems"].items()} == {"ours": [0, 1], "theirs": [1]}
    assert both["date"] == "day 1"


def test_weights_in_another_folder_are_the_same_weights() -> None:
    first, second = of_seeds([0], [50.0]), of_seeds([1], [52.0])
    for result, name in ((first, "model"), (second, "sentence-transformers/model")):
        result["systems"]["ours"] |= {"weights": name, "weights_sha256": "1"}
    assert joined(first, second)["systems"]["ours"]["seeds"] == [0, 1]
    second["systems"]["ours"]["weights_sha256"] = "2"
    with pytest.raises(ValueError, match="weights_sha256 of ours"):
        joined(first, second)


def test_what_was_trained_otherwise_is_not_joined() -> None:
    with pytest.raises(ValueError, match="settings of ours"):
        joined(of_seeds([0], [50.0], rate=1), of_seeds([1], [50.0], rate=2))
    with pytest.raises(ValueError, match="corpus of the comparison"):
        joined(of_seeds([0], [50.0]), {**of_seeds([1], [50.0]), "corpus": "other"})


def test_weights_whose_names_end_alike_are_told_apart() -> None:
    names = ["runs/a/model", "runs/b/model", "other/small"]
    assert _shown_as(names) == {"runs/a/model": names[0], "runs/b/model": names[1], "small": names[2]}


def test_systems_with_like_names_have_folders_of_their_own() -> None:
    names = _file_names(["me/bert_base weights", "me/bert-base weights", "Me/Bert-Base weights", "spaCy's CNN"])
    assert len({name.lower() for name in names.values()}) == 4
    assert names["spaCy's CNN"] == "spaCy-s-CNN"


def test_a_system_is_described_by_what_its_config_says(tmp_path: Path) -> None:
    config = tmp_path / "same.cfg"
    checksums = []
    for said in ("[training]\ndropout = 0.1\n", "# so much\n[training]\ndropout=0.1\n", "[training]\ndropout = 0.5\n"):
        config.write_text(said)
        checksums.append(System(config, {}).describe()["config_sha256"])
    assert checksums[0] == checksums[1] != checksums[2]
