"""Compare our vocabulary with others, on text that it was not trained on.

python -m benchmarks.vocabulary VOCABULARY OTHER … --texts NAME=FILE …

A FILE is one that ``spacy litbert tokens`` reads. Beside the vocabularies stands the bound that BERT's way
to cut text sets to all of them: at blanks and at each punctuation mark, so never less than a piece for
what is left between.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tokenizers.pre_tokenizers import BertPreTokenizer

from spacy_litbert.cli.tokens import plot_reports
from spacy_litbert.corpora.selection import read_texts
from spacy_litbert.corpora.unlabelled_text import find_texts
from spacy_litbert.tokenization.report import report_tokens
from spacy_litbert.tokenization.vocabulary import read_vocabulary

from .record import RESULTS, write


def characters_per_512_at_most(texts: list[str]) -> float:
    """Count the characters that 512 wordpieces hold if every run between blanks and punctuation is one of them."""
    cutter = BertPreTokenizer()
    n = sum(len(cutter.pre_tokenize_str(text)) for text in texts)
    return 512 * sum(map(len, texts)) / n


def measure(vocabularies: dict[str, Path], groups: dict[str, list[str]]) -> dict[str, Any]:
    loaded = {name: read_vocabulary(path) for name, path in vocabularies.items()}
    ours, *others = loaded
    result: dict[str, Any] = {}
    for group, texts in groups.items():
        reports = [report_tokens(name, vocabulary, texts) for name, vocabulary in loaded.items()]
        plot_reports(reports, RESULTS / f"vocabulary_{group.replace(' ', '_')}.png")
        by_name = {report.name: report for report in reports}
        bound = characters_per_512_at_most(texts)
        result[group] = {
            "vocabularies": {name: asdict(report) for name, report in by_name.items()},
            "characters_per_512_at_most": bound,
            "ours_beside": {
                other: {
                    "characters_per_512": by_name[ours].characters_per_512 / by_name[other].characters_per_512,
                    "at_most": bound / by_name[other].characters_per_512,
                    "unknown": by_name[ours].unknown / max(1, by_name[other].unknown),
                }
                for other in others
            },
        }
    return {"ours": ours, "groups": result}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("vocabularies", nargs="+", type=Path, help="ours first: model folders or vocab.txt files")
    parser.add_argument("--texts", nargs="+", required=True, metavar="NAME=FILE", help="texts by the name of a group")
    arguments = parser.parse_args()
    groups = {}
    for argument in arguments.texts:
        name, _, pattern = argument.partition("=")
        groups[name] = list(read_texts(find_texts([pattern])))
    names = {path.name.removesuffix(".txt").removesuffix(".vocab"): path for path in arguments.vocabularies}
    write("vocabulary", measure(names, groups))


if __name__ == "__main__":
    main()
