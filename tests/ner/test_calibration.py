"""Temperatures and thresholds, and the command that fits them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.tokens import DocBin, Span
from typer.testing import CliRunner

from spacy_litbert.cli import app
from spacy_litbert.cli.calibrate import calibrate
from spacy_litbert.errors import LitBertError
from spacy_litbert.ner.annotation import set_annotated
from spacy_litbert.ner.calibration import Objective, choose_threshold, fit_temperature, reliability

from .conftest import GOLD, examples_for, gold_doc, mentions, results


def test_the_expected_calibration_error_is_the_mean_distance_over_bins() -> None:
    said = np.array([0.95, 0.95, 0.15, 1.0])
    right = np.array([True, False, False, True])
    found = reliability(said, right)
    assert found["ece"] == pytest.approx((3 * abs(2.9 / 3 - 2 / 3) + 0.15) / 4)
    assert [one["n"] for one in found["bins"]] == [1, 3]
    assert reliability(np.zeros(0), np.zeros(0, dtype=bool))["ece"] == 0


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_made_the_data_is_found(temperature: float) -> None:
    random = np.random.default_rng(0)
    scores = random.normal(size=20_000) * 4

    def confidences(t: float) -> np.ndarray:
        return 1 / (1 + np.exp(-scores / t))

    right = random.random(20_000) < confidences(temperature)
    assert fit_temperature(confidences, right) == pytest.approx(temperature, rel=0.07)


CONFIDENCES = np.array([0.9, 0.8, 0.7, 0.7, 0.2])
RIGHT = np.array([True, True, False, True, False])


@pytest.mark.parametrize(
    "objective, threshold, n_kept",
    [
        (Objective(), 0.45, 4),
        (Objective(precision=0.9), 0.75, 2),
        (Objective(precision=0.6), 0.0, 5),
        (Objective(recall=0.5), 0.75, 2),
        (Objective(recall=0.75), 0.45, 4),
    ],
)
def test_a_threshold_serves_its_objective(objective: Objective, threshold: float, n_kept: int) -> None:
    order = np.array([3, 0, 4, 2, 1])
    found, figures = choose_threshold(CONFIDENCES[order], RIGHT[order], 4, objective, "Gene")
    assert found == pytest.approx(threshold)
    kept = found <= CONFIDENCES
    assert kept.sum() == n_kept
    assert figures["precision"] == pytest.approx(RIGHT[kept].mean())
    assert figures["recall"] == pytest.approx(RIGHT[kept].sum() / 4)


def test_a_threshold_keeps_what_it_says_of_confidences_that_are_almost_equal() -> None:
    close = np.array([1 - 1e-12, 1 - 2e-12, 1 - 3e-12, 0.5])
    right = np.array([True, False, False, False])
    found, figures = choose_threshold(close, right, 1, Objective(precision=0.3), "Gene")
    assert figures["precision"] == pytest.approx(right[close >= found].mean())
    with pytest.raises(LitBertError, match="L431"):
        choose_threshold(close, right, 1, Objective(precision=0.9), "Gene")


def test_objectives_that_cannot_be_are_refused() -> None:
    for given in ({"precision": 0.0}, {"recall": 1.1}, {"precision": 0.5, "recall": 0.5}):
        with pytest.raises(LitBertError, match="L430"):
            Objective(**given)
    with pytest.raises(LitBertError, match=r"L431.*Gene.*recall of 0.9.*0\.75"):
        choose_threshold(CONFIDENCES, RIGHT, 4, Objective(recall=0.9), "Gene")
    with pytest.raises(LitBertError, match=r"L431.*0\.0000"):
        choose_threshold(np.zeros(0), np.zeros(0, dtype=bool), 3, Objective(recall=0.1), "Gene")


def dev(nlp: Language, path: Path, repeat: int = 25) -> Path:
    """Texts of which some have mentions that are not gold, so that not all that is found is right."""
    docs = [gold_doc(nlp, text, gold if i % 5 else gold[:1]) for i in range(repeat) for text, gold in GOLD]
    DocBin(docs=docs).to_disk(path)
    return path


def test_the_command_stores_what_it_fits(trained_listener: Language, tmp_path: Path) -> None:
    trained_listener.to_disk(tmp_path / "trained")
    path = dev(trained_listener, tmp_path / "dev.spacy")
    fitted = calibrate(tmp_path / "trained", path, tmp_path / "out")["litbert_ner"]
    assert fitted["Disease"].n_found == 50
    assert fitted["Disease"].ece_after < fitted["Disease"].ece_before
    assert fitted["Chemical"].f1 == 1
    nlp = spacy.load(tmp_path / "out")
    cfg = nlp.get_pipe("litbert_ner").cfg
    assert cfg["temperatures"]["Disease"] == fitted["Disease"].temperature
    assert set(cfg["thresholds"]) == {"Chemical", "Disease", "Gene", "Species"}
    for text, gold in GOLD:
        assert sorted(mentions(nlp(text))) == sorted(gold)
    doc = nlp(GOLD[0][0])
    disease = next(span for span in doc.ents if span.label_ == "Disease")
    assert 0.5 < disease._.confidence < 0.95  # a fifth of what is found is wrong
    with pytest.raises(LitBertError, match="L218"):
        calibrate(tmp_path / "trained", path, tmp_path / "out")
    again = calibrate(tmp_path / "trained", path, tmp_path / "out", force=True)["litbert_ner"]
    assert again == fitted


def test_the_command_prints_and_writes_what_it_fits(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path / "trained")
    path = dev(trained, tmp_path / "dev.spacy")
    arguments = [str(tmp_path / "trained"), str(path), str(tmp_path / "out"), "--json", str(tmp_path / "fitted.json")]
    done = CliRunner().invoke(app, ["calibrate", *arguments, "--precision", "0.7", "--quiet"])
    assert done.exit_code == 0, done.output
    assert "Species" in done.output
    fitted = srsly.read_json(tmp_path / "fitted.json")["litbert_ner"]
    assert all(one["precision"] >= 0.7 for one in fitted.values())
    assert fitted["Species"]["n_gold"] == 40


def test_few_mentions_fit_no_temperature(trained: Language) -> None:
    nlp = spacy.util.load_model_from_config(trained.config).from_bytes(trained.to_bytes())
    pipe = nlp.get_pipe("litbert_ner")
    before = [results(doc) for doc in nlp.pipe(text for text, _ in GOLD)]
    fitted = pipe.calibrate(examples_for(nlp))
    assert {one.temperature for one in fitted.values()} == {None}
    assert pipe.cfg["temperatures"] == {}
    assert [results(doc) for doc in nlp.pipe(text for text, _ in GOLD)] == before


def test_labels_that_the_texts_do_not_have_keep_what_was_fitted(trained: Language) -> None:
    nlp = spacy.util.load_model_from_config(trained.config).from_bytes(trained.to_bytes())
    pipe = nlp.get_pipe("litbert_ner")
    few = {"temperatures": {"Gene": 2.0, "Chemical": 3.0}, "thresholds": {"Gene": 0.25, "Chemical": 0.99}}
    pipe.cfg.update(few)
    examples = examples_for(nlp)
    for example in examples:
        set_annotated(example.reference, ["Chemical", "Disease"])
    fitted = pipe.calibrate(examples)
    assert pipe.cfg["temperatures"] == few["temperatures"]  # too few texts for any
    assert pipe.cfg["thresholds"] == {"Chemical": 0.0, "Disease": 0.0, "Gene": 0.25, "Species": 0.0}
    assert (fitted["Gene"].n_gold, fitted["Gene"].threshold, fitted["Gene"].f1) == (0, 0.25, 0.0)
    pipe.calibrate(examples, precision=0.99)  # of labels that are there


def test_found_mentions_of_a_label_that_nobody_annotated_change_nothing(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path / "trained")
    docs = [gold_doc(trained, text, [one for one in gold if one[1] == "Chemical"]) for text, gold in GOLD] * 15
    DocBin(docs=docs).to_disk(tmp_path / "chemicals.spacy")
    fitted = calibrate(tmp_path / "trained", tmp_path / "chemicals.spacy", tmp_path / "out")["litbert_ner"]
    assert fitted["Disease"].n_found >= 20
    assert fitted["Disease"].temperature is None
    nlp = spacy.load(tmp_path / "out")
    for text, gold in GOLD:
        assert sorted(mentions(nlp(text))) == sorted(gold)


def test_a_failed_calibration_changes_nothing(trained: Language, tmp_path: Path) -> None:
    pipe = trained.get_pipe("litbert_ner")
    before = dict(pipe.cfg)
    with pytest.raises(LitBertError, match="L432"):
        pipe.calibrate([])
    examples = examples_for(trained)
    examples[0].reference.spans["litbert"] = []
    with pytest.raises(LitBertError, match=r"L431.*precision"):
        pipe.calibrate(examples, precision=0.99)
    assert pipe.cfg == before


def test_a_pipeline_without_the_component_is_refused(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.to_disk(tmp_path / "blank")
    path = dev(nlp, tmp_path / "dev.spacy")
    with pytest.raises(LitBertError, match="L433"):
        calibrate(tmp_path / "blank", path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(LitBertError, match="L224"):
        calibrate(tmp_path / "blank", tmp_path / "none.spacy", tmp_path / "out")


def test_a_damaged_file_is_refused_before_the_work(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path / "pipeline")
    (tmp_path / "dev.spacy").write_bytes(b"no DocBin")
    with pytest.raises(LitBertError, match=r"L207.*dev.spacy"):
        calibrate(tmp_path / "pipeline", tmp_path / "dev.spacy", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_label_of_which_nothing_was_found_keeps_what_it_has_or_misses_the_recall(trained: Language) -> None:
    nlp = spacy.util.load_model_from_config(trained.config).from_bytes(trained.to_bytes())
    pipe = nlp.get_pipe("litbert_ner")
    pipe.add_label("Dose")
    pipe.cfg["thresholds"] = {"Dose": 0.4}
    examples = examples_for(nlp)
    gold = examples[0].reference
    gold.spans["litbert"] = [*gold.spans["litbert"], Span(gold, len(gold) - 2, len(gold) - 1, "Dose")]
    with pytest.raises(LitBertError, match=r"L431.*Dose"):
        pipe.calibrate(examples, recall=0.5)
    fitted = pipe.calibrate(examples)["Dose"]
    assert (fitted.n_gold, fitted.n_found, fitted.threshold) == (1, 0, 0.4)


def test_what_is_fitted_counts_whatever_the_threshold_was(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path / "trained")
    nlp = spacy.load(tmp_path / "trained", config={"components.litbert_ner.threshold": 1.0})
    assert not nlp(GOLD[0][0]).ents
    nlp.get_pipe("litbert_ner").calibrate(examples_for(nlp))
    nlp.to_disk(tmp_path / "fitted")
    for one in (nlp, spacy.load(tmp_path / "fitted")):
        assert one(GOLD[0][0]).ents


def test_a_place_for_the_figures_that_cannot_be_is_refused_before_the_work(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path / "trained")
    path = dev(trained, tmp_path / "dev.spacy")
    arguments = [str(tmp_path / "trained"), str(path), str(tmp_path / "out"), "--json"]
    for place in (".", "out/fitted.json", "trained/fitted.json", "trained/litbert_ner/fitted.json"):
        done = CliRunner().invoke(app, ["calibrate", *arguments, str(tmp_path / place)])
        assert done.exit_code == 1, place
        assert "L218" in done.output
        assert not (tmp_path / "out").exists()
    assert not list((tmp_path / "trained").rglob("fitted.json"))
