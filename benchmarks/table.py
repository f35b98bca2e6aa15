"""The README's figures, written from ``benchmarks/results``.

python -m benchmarks.table           # rewrite the README's table
python -m benchmarks.table --check   # fail if the README says anything else
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- figures: python -m benchmarks.table -->", "<!-- end of figures -->"


def read(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text("utf8"))


def rows() -> list[tuple[str, str, str]]:
    """(what, figure, result file) of each measurement."""
    alignment, memory, step = read("alignment"), read("memory"), read("training_step")
    ner = read("ner_bc5cdr_litbert-tiny")
    cuts = {name: group["ours_beside"]["bert-base-cased"] for name, group in read("vocabulary")["groups"].items()}
    held_out = read("vocabulary")["groups"]["heldout"]["vocabularies"]
    speed = alignment["speed"]
    coverage = [*alignment["coverage"].values(), alignment["coverage_of_one_long_text"]]
    per_type = ", ".join(f"{name} {100 * figures['f']:.1f}" for name, figures in ner["ents_per_type"].items())
    return [
        (
            "characters in 512 wordpieces of our vocabulary beside bert-base-cased's: held-out mixed text, BC5CDR "
            "abstracts, JNLPBA abstracts (in brackets the most that any vocabulary could reach there)",
            ", ".join(f"{cut['characters_per_512']:.2f}× ({cut['at_most']:.2f})" for cut in cuts.values()),
            "vocabulary",
        ),
        (
            f"unknown wordpieces in {held_out['litbert-oa']['pieces']:,} of that held-out text, ours and "
            "bert-base-cased's",
            f"{held_out['litbert-oa']['unknown']} and {held_out['bert-base-cased']['unknown']}",
            "vocabulary",
        ),
        (
            "visible tokens without a wordpiece, in "
            f"{sum(part['tokens'] for part in coverage):,} tokens of BC5CDR, NCBI-disease and one long text",
            str(sum(part["visible_without_piece"] for part in coverage)),
            "alignment",
        ),
        (
            f"tokenise + align + window, {speed['texts']:,} abstracts, beside spacy-transformers",
            f"{speed['times_spacy_transformers']['ours_warm']['median']:.1f}× "
            f"({speed['words_per_second']['ours_warm']['median']:,.0f} words/s); "
            f"{speed['times_spacy_transformers']['ours_cold']['median']:.1f}× with an empty cache",
            "alignment",
        ),
        (
            "peak memory of a document of 200,000 words beside one of 2,000, beyond model and vectors",
            f"{memory['predict_litbert_shape']['ratio']:.2f}× in use, "
            f"{memory['train_mini_shape']['ratio']:.2f}× in training",
            "memory",
        ),
        (
            "training step of LitBERT's shape beside BERT-base's, same code and batch, words/s",
            f"{step['litbert_times_bert_base']['median']:.2f}×",
            "training_step",
        ),
        (
            "`en_litbert_ner` on the BC5CDR test split, micro-F1 (from the *untrained* `litbert-tiny`, one seed)",
            f"{100 * ner['ents_f']:.1f} ({per_type})",
            "ner_bc5cdr_litbert-tiny",
        ),
    ]


def table() -> str:
    lines = ["| measured | figure | file |", "|---|---|---|"]
    lines += [f"| {what} | {figure} | [{name}](benchmarks/results/{name}.json) |" for what, figure, name in rows()]
    machine = read("alignment")["machine"]
    lines.append("")
    lines.append(
        f"On {machine['cores']} cores of an {machine['processor']}, without a GPU. Each file names the machine,"
    )
    lines.append("versions, seeds and date; [benchmarks](benchmarks/README.md) has the commands.")
    return "\n".join(lines)


def with_figures(readme: str) -> str:
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    path = ROOT / "README.md"
    readme = path.read_text("utf8")
    wanted = with_figures(readme)
    if "--check" in sys.argv:
        sys.exit(0 if readme == wanted else "README.md does not say what benchmarks/results say: run benchmarks.table")
    path.write_text(wanted, encoding="utf8")
