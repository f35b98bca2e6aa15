"""projects/textcat from beginning to end on its toy corpora, as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import spacy

from .conftest import TEXTCAT, copy_of, run, unpack

STEPS = ("convert", "configure", "train", "store", "tune", "evaluate", "plot", "package")
ANY, EXCLUSIVE = "toy_topics", "toy_roles"
SETTINGS: dict[str, Any] = {"data": "toy", "lr": 0.001, "max_steps": 40, "eval_frequency": 20}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = copy_of(TEXTCAT, tmp_path_factory.mktemp("repository"))
    run(copy, "toy")
    return copy


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf8"))


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf8").splitlines()]


def test_a_second_run_has_nothing_to_do(project: Path) -> None:
    assert "Skipping 'toy': nothing changed" in run(project, "toy")
    output = run(project, "pipeline", corpus=EXCLUSIVE, **SETTINGS)
    assert all(f"Skipping '{step}': nothing changed" in output for step in STEPS)


@pytest.mark.parametrize("corpus", [ANY, EXCLUSIVE])
def test_the_figures_are_those_of_the_scores(project: Path, corpus: str) -> None:
    result = read(project / "metrics" / corpus / "test.json")
    texts = rows(project / "output" / corpus / "test_scores.jsonl")
    gold = {row["id"]: row for row in rows(project / "corpus" / corpus / "test.jsonl")}
    assert [text["labels"] for text in texts] == [[k for k, v in row["cats"].items() if v] for row in gold.values()]
    threshold = result["protocol"]["threshold"]
    for text in texts:
        scores = text["scores"]
        text["found"] = (
            [k for k in scores if scores[k] >= threshold] if corpus == ANY else [max(scores, key=scores.get)]
        )
    labels = list(texts[0]["scores"])
    of_label = {label: f1(texts, [label]) for label in labels}
    assert result["cats_micro"]["f"] == pytest.approx(f1(texts, labels), abs=1e-9)
    assert {k: v["f"] for k, v in result["cats_per_label"].items()} == pytest.approx(of_label, abs=1e-9)
    assert result["cats_macro_f"] == pytest.approx(sum(of_label.values()) / len(labels), abs=1e-9)
    assert result["accuracy"] == pytest.approx(sum(set(t["found"]) == set(t["labels"]) for t in texts) / len(texts))
    for label in labels:
        pairs = [(text["scores"][label], label in text["labels"]) for text in texts]
        assert result["cats_per_label"][label]["auc"] == pytest.approx(area(pairs), abs=1e-9)
        assert result["cats_per_label"][label]["ap"] == pytest.approx(average_precision(pairs), abs=1e-9)


def f1(texts: list[dict[str, Any]], labels: list[str]) -> float:
    pairs = [(label in text["labels"], label in text["found"]) for text in texts for label in labels]
    hits, all_set, found = (sum(map(bool, column)) for column in ([g and f for g, f in pairs], *zip(*pairs)))
    return 2 * hits / (all_set + found) if all_set + found else 0.0


def area(pairs: list[tuple[float, bool]]) -> float:
    """How often a text with the label has the higher score; half for equal ones."""
    wins = [(a > b) + (a == b) / 2 for a, has in pairs if has for b, other in pairs if not other]
    return sum(wins) / len(wins)


def average_precision(pairs: list[tuple[float, bool]]) -> float:
    precisions = []
    for score, has in pairs:
        above = [other for value, other in pairs if value >= score]
        precisions += [sum(above) / len(above)] if has else []
    return sum(precisions) / len(precisions)


def test_the_threshold_is_the_best_on_dev_and_lies_in_the_pipeline(project: Path, tmp_path: Path) -> None:
    nlp = spacy.load(unpack(project, ANY, tmp_path))
    # spaCy reads JSON's numbers with an error in their last place.
    threshold = round(nlp.get_pipe("textcat_multilabel").cfg["threshold"], 9)
    assert nlp.config["components"]["textcat_multilabel"]["threshold"] == threshold
    assert read(project / "metrics" / ANY / "test.json")["protocol"]["threshold"] == pytest.approx(threshold, rel=1e-12)
    dev = rows(project / "corpus" / ANY / "dev.jsonl")
    texts = [{"labels": [k for k, v in row["cats"].items() if v], "scores": nlp(row["text"]).cats} for row in dev]
    quality = {}
    for t in (number / 100 for number in range(1, 100)):
        found = [{**text, "found": [k for k, score in text["scores"].items() if score >= t]} for text in texts]
        quality[t] = f1(found, list(texts[0]["scores"]))
    assert quality[threshold] == pytest.approx(max(quality.values()))
    assert read(project / "metrics" / ANY / "dev.json")["cats_micro"]["f"] == pytest.approx(quality[threshold])


def test_exclusive_labels_have_a_confusion_matrix(project: Path) -> None:
    result = read(project / "metrics" / EXCLUSIVE / "test.json")
    matrix = result["confusion"]
    assert sum(map(sum, matrix)) == 12
    assert sum(matrix[i][i] for i in range(3)) / 12 == pytest.approx(result["accuracy"])
    assert read(project / "metrics" / EXCLUSIVE / "dev.json")["threshold"] is None
    assert "confusion" not in read(project / "metrics" / ANY / "test.json")
    plots = {
        corpus: {path.name for path in (project / "output" / corpus / "plots").iterdir()} for corpus in (ANY, EXCLUSIVE)
    }
    assert plots[ANY] == {"per_label.png", "precision_recall.png", "reliability.png"}
    assert plots[EXCLUSIVE] == {*plots[ANY], "confusion.png"}


@pytest.mark.parametrize("corpus, name", [(ANY, "textcat_multilabel"), (EXCLUSIVE, "textcat")])
def test_the_wheel_holds_a_pipeline_for_any_text(project: Path, tmp_path: Path, corpus: str, name: str) -> None:
    nlp = spacy.load(unpack(project, corpus, tmp_path))
    assert nlp.pipe_names == ["transformer", name, "doc_cleaner"]
    assert nlp.meta["performance"]["protocol"]["corpus"] == corpus
    assert nlp.config["paths"]["train"] is None
    labels = set(nlp.get_pipe(name).labels)
    texts = ["Aspirin after stroke", "To test a drug. " * 300, ""]
    docs = [*nlp.pipe(texts), *map(nlp, texts)]
    assert all(set(doc.cats) == labels for doc in docs)
    trained = spacy.load(project / "training" / corpus / "model-tuned")
    assert nlp(texts[0]).cats == pytest.approx(trained(texts[0]).cats, abs=1e-6)


def test_classifiers_are_compared_over_seeds(project: Path) -> None:
    short = {**SETTINGS, "max_steps": 2, "eval_frequency": 1, "baseline_steps": 2, "seeds": 0}
    run(project, "compare", corpus=EXCLUSIVE, **short)
    result = read(project / "metrics" / EXCLUSIVE / "compare.json")
    assert list(result["systems"]) == ["litbert", "random weights", "spaCy's ensemble", "spaCy's bag of words"]
    for system in result["systems"].values():
        assert {"micro_f", "macro_f", "accuracy", "macro_auc", "ece", "f of METHODS"} <= set(system["test"])
        assert 0 <= system["dev"]["micro_f"]["mean"] <= 100
    assert (project / "output" / EXCLUSIVE / "compare.png").stat().st_size > 0


def test_the_wheel_says_what_it_needs_and_holds_a_licence(project: Path, tmp_path: Path) -> None:
    unpack(project, ANY, tmp_path)
    [metadata] = tmp_path.glob("*.dist-info/METADATA")
    needs = [
        line.split(": ")[1] for line in metadata.read_text("utf8").splitlines() if line.startswith("Requires-Dist")
    ]
    assert sorted(needs) == ["spacy", "spacy-litbert<0.2.0,>=0.1.0", "spacy-transformers<1.5.0,>=1.4.0"]
    [licence] = tmp_path.glob("*.dist-info/**/LICENSE")
    assert "Apache License" in licence.read_text("utf8")[:100]
