"""Compare several systems on one corpus over several seeds: the F1 of each on dev and test, as a table and a plot.

The systems are LitBERT as the project trains it, the same from other weights or with another config, and spaCy's own
convolutional network.
What is trained already is not trained again, so an interrupted call is simply repeated.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import spacy
import srsly
from scoring import score

from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.corpora.digest import content_digest
from spacy_litbert.corpora.document import Document
from spacy_litbert.corpora.jsonl import read_jsonl
from spacy_litbert.files import replacing
from spacy_litbert.workflow.comparison import SPLITS, Shown, System, compare, comparison_parser, lines, plot, splits_of


def score_splits(corpus: str, model: Path) -> dict[str, dict[str, float]]:
    """Return the F1 of all mentions and of each label on each split, in percent."""
    nlp = spacy.load(model)
    figures = {}
    for split, documents in _documents(corpus).items():
        scores = score(documents, list(nlp.pipe(document.text for document in documents)))
        # Those of gold mentions: a label that was but predicted is not there for every seed.
        labels = sorted({mention.label for document in documents for mention in document.entities})
        by_label = {label: 100 * scores["ents_per_type"][label]["f"] for label in labels}
        figures[split] = {"all": 100 * scores["ents_f"], **by_label}
    return figures


def _documents(corpus: str) -> dict[str, list[Document]]:
    return {split: list(read_jsonl(Path("corpus") / corpus / f"{split}.jsonl")) for split in SPLITS}


def main() -> None:
    parser = comparison_parser(__doc__)
    parser.add_argument("--baseline", type=Path, required=True, help="config of spaCy's network")
    parser.add_argument("--other-config", default="", help="of LitBERT, for the same weights; empty for none")
    arguments = parser.parse_args()
    frequency = {"training.eval_frequency": arguments.eval_frequency}
    settings = {
        "training.optimizer.learn_rate.initial_rate": arguments.lr,
        "training.max_steps": arguments.max_steps,
        **frequency,
        **splits_of(arguments.corpus),
    }
    others = {}
    if arguments.other_config:
        config = Path(arguments.other_config)
        other = {**settings, "paths.weights": arguments.weights}
        others[f"litbert with {config.stem}"] = System(config, other, arguments.gpu_id)
    if arguments.baseline_steps:
        cnn_settings = {
            "training.max_steps": arguments.baseline_steps,
            **frequency,
            **splits_of(arguments.corpus),
        }
        others["spaCy's CNN"] = System(arguments.baseline, cnn_settings)
    result = compare(
        arguments.corpus,
        System(arguments.config, settings, arguments.gpu_id),
        others,
        partial(score_splits, arguments.corpus),
        weights=arguments.weights,
        beside=arguments.beside,
        seeds=arguments.seeds,
        only=arguments.only,
        jobs=arguments.jobs,
    )
    digests = {split: content_digest(documents) for split, documents in _documents(arguments.corpus).items()}
    with replacing(arguments.output) as path:
        srsly.write_json(path, {**result, "digests": digests})
    plot(result, arguments.plot, [Shown(split, "all", "F1") for split in SPLITS])
    print("\n".join(lines(result, [Shown(split, "all", split) for split in SPLITS])))


if __name__ == "__main__":
    with errors_in_one_line():
        main()
