"""Score a pipeline on labelled texts and write the figures with how they came about, and the scores of each text."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, cast

import srsly
from configure import EXCLUSIVE
from metrics import measure
from predict import Prediction, load, predict
from spacy.language import Language
from spacy.pipeline import TextCategorizer
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example

from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.corpora.labelled_text import LabelledText, labels_digest, read_labelled_texts
from spacy_litbert.errors import Errors, LitBertError
from spacy_litbert.files import replacing
from spacy_litbert.gpu import use_gpu
from spacy_litbert.workflow.protocol import PACKAGES, describe_run, describe_training

TOLERANCE = 1e-9


def evaluate(model: Path, gold: Path, output: Path, scores: Path, *, corpus: str, gpu_id: int) -> None:
    """Classify ``gold`` (JSONL) with ``model``; write the figures (JSON) and the scores of each text (JSONL)."""
    use_gpu(gpu_id)
    nlp, name = load(model)
    texts = read_labelled_texts(gold)
    prediction = predict(nlp, name, texts, gold)
    threshold = threshold_of(nlp, name)
    results = measure(prediction.gold, prediction.scores, prediction.labels, threshold)
    check(results, prediction, threshold)
    protocol = _protocol(nlp, texts, corpus, gold, threshold)
    protocol.update(describe_run((*PACKAGES, "scikit-learn"), gpu_id=gpu_id))
    with replacing(output) as partial:
        srsly.write_json(partial, {**results, "counts": _counts(texts), "protocol": protocol})
    with replacing(scores) as partial:
        srsly.write_jsonl(partial, _rows(texts, prediction))
    print(f"{corpus} {gold.stem}: micro-F1 {results['cats_micro']['f']:.4f}  macro-F1 {results['cats_macro_f']:.4f}")
    for label, figures in results["cats_per_label"].items():
        print(f"    {label}: P {figures['p']:.4f}  R {figures['r']:.4f}  F1 {figures['f']:.4f}")


def threshold_of(nlp: Language, name: str) -> float | None:
    """Return the score from which a label counts as found; None if labels exclude each other."""
    textcat = cast(TextCategorizer, nlp.get_pipe(name))
    return None if name == EXCLUSIVE else float(textcat.cfg["threshold"])


def check(results: dict[str, Any], prediction: Prediction, threshold: float | None) -> None:
    """Raise LitBertError L608 unless spaCy's scorer says the same to 1e-9."""
    examples = [
        Example(doc, _reference(doc, dict(zip(prediction.labels, row))))
        for doc, row in zip(prediction.docs, prediction.gold)
    ]
    scores = Scorer.score_cats(
        examples, "cats", labels=prediction.labels, multi_label=threshold is not None, threshold=threshold
    )
    ours = {f"cats_micro_{key}": results["cats_micro"][key] for key in "prf"}
    for key, value in {**ours, "cats_macro_f": results["cats_macro_f"]}.items():
        if abs(scores[key] - value) > TOLERANCE:
            raise LitBertError(Errors.L608.format(key=key, spacy=scores[key], ours=value))


def _reference(doc: Doc, cats: dict[str, bool]) -> Doc:
    reference = Doc(doc.vocab, words=[token.text for token in doc], spaces=[bool(t.whitespace_) for t in doc])
    reference.cats = {label: float(applies) for label, applies in cats.items()}
    return reference


def _counts(texts: list[LabelledText]) -> dict[str, int]:
    return {
        "texts": len(texts),
        "labels": len(texts[0].labels),
        "labels_set": sum(len(text.positive) for text in texts),
    }


def _rows(texts: list[LabelledText], prediction: Prediction) -> list[dict[str, Any]]:
    return [
        {"id": text.id, "labels": list(text.positive), "scores": dict(zip(prediction.labels, map(float, row)))}
        for text, row in zip(texts, prediction.scores)
    ]


def _protocol(
    nlp: Language, texts: list[LabelledText], corpus: str, gold: Path, threshold: float | None
) -> dict[str, Any]:
    components = nlp.config.interpolate()["components"]
    model = next(components[name]["model"] for name in nlp.pipe_names if name.startswith("textcat"))
    return {
        "corpus": corpus,
        "split": gold.stem,
        "digest": labels_digest(texts),
        "labels": "exactly one a text" if threshold is None else "any number a text",
        "threshold": "none: the label with the highest score" if threshold is None else threshold,
        "selection": "checkpoint and threshold by their scores on the dev split; spaCy's scorer agrees to 1e-9",
        "pooling": f"{model['pooling']} of the vectors of all tokens, of all windows",
        **describe_training(nlp),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("gold", type=Path, help="labelled texts as JSONL, from convert.py")
    parser.add_argument("output", type=Path)
    parser.add_argument("scores", type=Path)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--gpu-id", type=int, default=-1)
    arguments = parser.parse_args()
    with errors_in_one_line():
        evaluate(**vars(arguments))
