"""Give a trained pipeline the threshold that is best on the dev split, and write what it scores there.

Only the dev split is looked at. Labels that exclude each other need no threshold: the pipeline stays as it is.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import numpy as np
import srsly
from configure import EXCLUSIVE
from metrics import decide, f_scores, measure
from predict import load, predict
from spacy.util import load_config

from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.corpora.labelled_text import labels_digest, read_labelled_texts
from spacy_litbert.files import replacing, replacing_folder
from spacy_litbert.targets import check_target, mark_pipeline, pipeline_made_by

THRESHOLDS = np.linspace(0.01, 0.99, 99)


def tune(model: Path, dev: Path, output: Path, figures: Path) -> None:
    """Write the pipeline to the folder ``output`` and its figures on ``dev`` (JSONL) to ``figures`` (JSON)."""
    made = pipeline_made_by("tune")
    check_target(output, sources=[model, dev], made=made, what="tuned pipeline", option=None)
    nlp, name = load(model)
    texts = read_labelled_texts(dev)
    prediction = predict(nlp, name, texts, dev)
    threshold = None if name == EXCLUSIVE else best_threshold(prediction.gold, prediction.scores)
    with replacing_folder(output) as partial:
        shutil.copytree(model, partial, dirs_exist_ok=True)
        meta = srsly.read_json(partial / "meta.json")
        mark_pipeline(meta, "tune")
        srsly.write_json(partial / "meta.json", meta)
        if threshold is not None:
            _set_threshold(partial, name, threshold)
    results = measure(prediction.gold, prediction.scores, prediction.labels, threshold)
    with replacing(figures) as partial_file:
        srsly.write_json(partial_file, {"threshold": threshold, **results, "digest": labels_digest(texts)})
    chosen = "" if threshold is None else f"threshold {threshold:.2f}, "
    print(f"{dev.stem}: {chosen}micro-F1 {results['cats_micro']['f']:.4f}, macro-F1 {results['cats_macro_f']:.4f}")


def best_threshold(gold: np.ndarray, scores: np.ndarray) -> float:
    """Find the threshold with the highest micro-F1; of equals the one nearest to 0.5."""
    quality = {float(t): f_scores(gold, decide(scores, float(t)))["f"] for t in THRESHOLDS}
    best = max(quality, key=lambda t: (quality[t], -abs(t - 0.5)))
    return round(best, 2)


def _set_threshold(folder: Path, name: str, threshold: float) -> None:
    # spaCy keeps it twice, and a loaded component has the one of its own folder.
    config = load_config(folder / "config.cfg")
    config["components"][name]["threshold"] = threshold
    config.to_disk(folder / "config.cfg")
    settings = srsly.read_json(folder / name / "cfg")
    srsly.write_json(folder / name / "cfg", {**settings, "threshold": threshold})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("dev", type=Path, help="labelled texts as JSONL, from convert.py")
    parser.add_argument("output", type=Path)
    parser.add_argument("figures", type=Path)
    arguments = parser.parse_args()
    with errors_in_one_line():
        tune(arguments.model, arguments.dev, arguments.output, arguments.figures)
