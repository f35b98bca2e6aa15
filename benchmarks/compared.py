"""Pipelines that were trained on each corpus, side by side, as tables in Markdown."""

from __future__ import annotations

from typing import Any

from .figures import exists, read

MENTIONS = ("bc5cdr", "ncbi_disease", "bc2gm", "jnlpba", "s800", "linnaeus")
CATEGORIES = ("hoc_doc", "sentence_roles")
# What a column is called, and the system that it shows, by its name in the comparison of a corpus.
RECOGNIZERS = {
    "`litbert_ner`": "litbert",
    "the same from all-MiniLM-L6-v2": "all-MiniLM-L6-v2 weights",
    "`litbert_ner` with five tags": "litbert with five tags",
    "`ner` on our encoder": "litbert with ner_cpu",
    "spaCy's CNN": "spaCy's CNN",
}
CLASSIFIERS = {
    "LitBERT": "litbert",
    "the same from all-MiniLM-L6-v2": "all-MiniLM-L6-v2 weights",
    "LitBERT's shape, untrained": "random weights",
    "spaCy's ensemble": "spaCy's ensemble",
    "spaCy's bag of words": "spaCy's bag of words",
}
IN_BRACKETS = "In brackets on dev. One seed, unless several are given; –: not measured"
OF_MENTIONS = (
    "Mentions in the test splits, per cent: micro-F1 of the bundled `en_litbert_ner`, which learned from ten corpora, "
    f"and of recognizers trained on the one corpus alone. {IN_BRACKETS}, or not learned from in this form."
)
OF_CATEGORIES = (
    "Categories of the texts in the test splits, per cent: micro-F1 of the bundled `en_litbert_textcat` "
    "and of classifiers trained on the same texts, each with the threshold that is best on dev. "
    f"{IN_BRACKETS}, or not learned from."
)


def tables(folder: str) -> list[str]:
    """Return the lines of all tables, with links to files in the folder of results."""
    joint = read("ner_joint_litbert-oa-small")["corpora"]
    wheel = read("textcat_hoc_doc_litbert-oa-small")
    recognizer = {corpus: (one["digest"], one["ents_f"]) for corpus, one in joint.items()}
    classifier = {wheel["protocol"]["corpus"]: (wheel["protocol"]["digest"], wheel["cats_micro"]["f"])}
    return [
        *(OF_MENTIONS, "", *_table("en_litbert_ner", recognizer, _read("ner", MENTIONS), RECOGNIZERS, "all", folder)),
        "",
        *(OF_CATEGORIES, ""),
        *_table("en_litbert_textcat", classifier, _read("textcat", CATEGORIES), CLASSIFIERS, "micro_f", folder),
    ]


def _read(project: str, corpora: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Read the comparisons that there are, by corpus."""
    return {name: read(f"{project}_{name}") for name in corpora if exists(f"{project}_{name}")}


def _table(
    wheel: str,
    bundled: dict[str, tuple[str, float]],
    compared: dict[str, dict[str, Any]],
    columns: dict[str, str],
    score: str,
    folder: str,
) -> list[str]:
    """Make a table of corpora by systems.

    bundled: by corpus the digest of the texts that the bundled pipeline was scored on, and its figure; shown where the
        others were scored on these very texts.
    """
    known = {key for one in compared.values() for key in one["systems"]}
    shown = {name: key for name, key in columns.items() if key in known}
    lines = [f"| corpus | `{wheel}` | {' | '.join(shown)} |", "|---" * (len(shown) + 2) + "|"]
    for corpus, one in compared.items():
        digest, f = bundled.get(corpus, ("", 0.0))
        cells = [f"{100 * f:.1f}" if digest == one["digests"]["test"] else "–"]
        cells += [_figure(one["systems"][key], score) if key in one["systems"] else "–" for key in shown.values()]
        lines.append(f"| [{corpus}]({folder}/{one['benchmark']}.json) | {' | '.join(cells)} |")
    return lines


def _figure(system: dict[str, Any], score: str) -> str:
    test, dev = (system[split][score] for split in ("test", "dev"))
    if test["sd"] is None:
        return f"{test['mean']:.1f} ({dev['mean']:.1f})"
    return f"{test['mean']:.1f} ± {test['sd']:.1f} ({dev['mean']:.1f}), {len(system['seeds'])} seeds"
