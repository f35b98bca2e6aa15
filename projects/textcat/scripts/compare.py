"""Compare several classifiers on one corpus over several seeds: their figures on dev and test, as a table and a plot.

The classifiers are LitBERT as the project trains it, the same from other weights, spaCy's linear model of the words
and its ensemble of that with a convolutional network. Each has its threshold chosen on the dev split. What is trained
already is not trained again, so an interrupted call is simply repeated.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import srsly
from configure import EXCLUSIVE
from metrics import measure
from predict import load, predict
from tune import best_threshold

from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.corpora.labelled_text import labels_digest, read_labelled_texts
from spacy_litbert.files import replacing
from spacy_litbert.workflow.comparison import SPLITS, Shown, System, compare, comparison_parser, lines, plot, splits_of

THRESHOLD = "of each run the one with the best micro-F1 on dev; none if labels exclude each other"
FIGURES = ("accuracy", "micro_ap", "macro_ap", "macro_auc")


def score_splits(corpus: str, model: Path) -> dict[str, dict[str, float]]:
    """Return the figures of one trained pipeline on each split in percent, with the threshold that is best on dev."""
    nlp, name = load(model)
    paths = _paths(corpus)
    predictions = {split: predict(nlp, name, read_labelled_texts(path), path) for split, path in paths.items()}
    dev = predictions["dev"]
    threshold = None if name == EXCLUSIVE else best_threshold(dev.gold, dev.scores)
    measured = {split: measure(p.gold, p.scores, p.labels, threshold) for split, p in predictions.items()}
    return {split: _figures(results) for split, results in measured.items()}


def _paths(corpus: str) -> dict[str, Path]:
    return {split: Path("corpus") / corpus / f"{split}.jsonl" for split in SPLITS}


def _figures(results: dict[str, Any]) -> dict[str, float]:
    figures = {"micro_f": results["cats_micro"]["f"], "macro_f": results["cats_macro_f"]}
    figures |= {key: results[key] for key in FIGURES}
    figures |= {"ece": results["calibration"]["ece"]}
    figures |= {f"f of {label}": of_label["f"] for label, of_label in results["cats_per_label"].items()}
    # What the texts of a split can't have, such as an area under the curve without positive texts, is left out.
    return {key: 100 * value for key, value in figures.items() if value is not None}


def main() -> None:
    parser = comparison_parser(__doc__)
    arguments = parser.parse_args()
    settings = {
        "training.optimizer.learn_rate.initial_rate": arguments.lr,
        "training.max_steps": arguments.max_steps,
        "training.eval_frequency": arguments.eval_frequency,
        **splits_of(arguments.corpus),
    }
    baseline_settings = {"training.max_steps": arguments.baseline_steps, **splits_of(arguments.corpus)}
    baselines = {
        "spaCy's ensemble": System(arguments.config.with_name("textcat_ensemble.cfg"), baseline_settings),
        "spaCy's bag of words": System(arguments.config.with_name("textcat_bow.cfg"), baseline_settings),
    }
    result = compare(
        arguments.corpus,
        System(arguments.config, settings, arguments.gpu_id),
        baselines if arguments.baseline_steps else {},
        partial(score_splits, arguments.corpus),
        weights=arguments.weights,
        beside=arguments.beside,
        seeds=arguments.seeds,
        only=arguments.only,
        jobs=arguments.jobs,
    )
    digests = {split: labels_digest(read_labelled_texts(path)) for split, path in _paths(arguments.corpus).items()}
    with replacing(arguments.output) as path:
        srsly.write_json(path, {**result, "threshold": THRESHOLD, "digests": digests})
    plot(result, arguments.plot, [Shown("test", "micro_f", "micro-F1"), Shown("test", "macro_f", "macro-F1")])
    print("\n".join(lines(result, [Shown("test", key, key) for key in ("micro_f", "macro_f", "accuracy", "ece")])))


if __name__ == "__main__":
    with errors_in_one_line():
        main()
