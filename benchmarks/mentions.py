"""The recognizers that were trained on each corpus, side by side, as a table in Markdown."""

from __future__ import annotations

from typing import Any

from .figures import read

COMPARED = ("bc5cdr", "ncbi_disease", "bc2gm", "jnlpba", "s800", "linnaeus")
# What a column is called, and the system that it shows, by its name in the comparison of a corpus.
COLUMNS = {
    "`litbert_ner`": "litbert",
    "the same from all-MiniLM-L6-v2": "all-MiniLM-L6-v2 weights",
    "`ner` on our encoder": "litbert with ner_cpu",
    "spaCy's CNN": "spaCy's CNN",
}
BEFORE = (
    "Mentions in the test splits, per cent: micro-F1 of the bundled `en_litbert_ner`, which learned from ten corpora, "
    "and of recognizers trained on the one corpus alone. In brackets on dev. One seed, unless several are given; –: "
    "not measured, or not learned from in this form."
)


def table(folder: str) -> list[str]:
    """Return the lines of the table, with links to files in the folder of results."""
    compared = {corpus: read(f"ner_{corpus}") for corpus in COMPARED}
    known = {key for one in compared.values() for key in one["systems"]}
    shown = {name: key for name, key in COLUMNS.items() if key in known}
    lines = [BEFORE, "", f"| corpus | `en_litbert_ner` | {' | '.join(shown)} |", "|---" * (len(shown) + 2) + "|"]
    for corpus, one in compared.items():
        cells = [_figure(one["systems"][key]) if key in one["systems"] else "–" for key in shown.values()]
        lines.append(f"| [{corpus}]({folder}/ner_{corpus}.json) | {_bundled(corpus, one)} | {' | '.join(cells)} |")
    return lines


def _bundled(corpus: str, compared: dict[str, Any]) -> str:
    """Return the bundled recognizer's figure, if it was scored on the very texts and mentions that the others were."""
    joint = read("ner_joint_litbert-oa-small")["corpora"].get(corpus)
    if joint is None or joint["digest"] != compared["digests"]["test"]:
        return "–"
    return f"{100 * joint['ents_f']:.1f}"


def _figure(system: dict[str, Any]) -> str:
    test, dev = (system[split]["all"] for split in ("test", "dev"))
    if test["sd"] is None:
        return f"{test['mean']:.1f} ({dev['mean']:.1f})"
    return f"{test['mean']:.1f} ± {test['sd']:.1f} ({dev['mean']:.1f}), {len(system['seeds'])} seeds"
