"""Write all figures in docs/benchmarks.md and the main ones in the README from ``benchmarks/results``.

python -m benchmarks.table           # rewrite the tables of both pages
python -m benchmarks.table --check   # fail if either page says anything else
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from . import compared
from .figures import ROOT, read

README = ROOT / "README.md"
PAGES = (README, ROOT / "docs" / "benchmarks.md")
BUNDLED, CNN = "en_litbert_ner", "spaCy's CNN"
START, END = "<!-- figures: python -m benchmarks.table -->", "<!-- end of figures -->"


class Row(NamedTuple):
    """A figure and where it stands.

    what: what was measured.
    figure: as it is shown.
    file: its file in ``benchmarks/results``.
    main: whether the README shows it.
    """

    what: str
    figure: str
    file: str
    main: bool = False


def rows() -> list[Row]:
    return [
        *_vocabulary(),
        *_pretraining(),
        *_ner(),
        *_further(),
        *_scispacy(),
        *_linking(),
        *_linking_context(),
        *_linking_end_to_end(),
        *_linking_costs(),
        *_textcat(),
        *_annotate(),
        *_alignment(),
        *_speed(),
        *_memory(),
    ]


def _vocabulary() -> Iterator[Row]:
    measured = read("vocabulary")
    groups, ours = measured["groups"], measured["ours"]
    cuts = [group["ours_beside"]["bert-base-cased"] for group in groups.values()]
    held_out = groups["heldout"]["vocabularies"]
    yield Row(
        "characters in 512 wordpieces of our vocabulary beside bert-base-cased's: held-out mixed text, BC5CDR "
        "abstracts, JNLPBA abstracts (in brackets the most that any vocabulary could reach there)",
        ", ".join(f"{cut['characters_per_512']:.2f}× ({cut['at_most']:.2f})" for cut in cuts),
        "vocabulary",
        main=True,
    )
    yield Row(
        f"unknown wordpieces in {held_out[ours]['pieces']:,} of that held-out text, ours and bert-base-cased's",
        f"{held_out[ours]['unknown']} and {held_out['bert-base-cased']['unknown']}",
        "vocabulary",
    )


def _pretraining() -> Iterator[Row]:
    result = read("pretraining_litbert-oa-small")
    parts = [*result["run"]["before"], result["run"]]
    figures = result["heldout"]
    yield Row(
        f"`litbert-oa-small` (from all-MiniLM-L6-v2): {sum(part['tokens'] for part in parts) / 1e6:.1f} million "
        f"wordpieces in {sum(part['hours'] for part in parts):.1f} hours; held-out masked accuracy and loss, in "
        "rows of " + " and ".join(str(one["length"]) for one in figures),
        ", ".join(f"{one['masked_accuracy']:.3f} and {one['masked_loss']:.2f}" for one in figures),
        "pretraining_litbert-oa-small",
    )


def _ner() -> Iterator[Row]:
    joint, alone = read("ner_joint_litbert-oa-small"), read("ner_bc5cdr_litbert-oa-small")
    yield Row(
        "the bundled `en_litbert_ner` on the test splits of the corpora that it learned from, each for the labels "
        "annotated there: micro-F1",
        ", ".join(f"{name} {100 * one['ents_f']:.1f}" for name, one in joint["corpora"].items()),
        "ner_joint_litbert-oa-small",
        main=True,
    )
    yield Row(
        "the same by label, and the expected calibration error of its confidences",
        ", ".join(f"{name} {100 * figures['f']:.1f}" for name, figures in joint["ents_per_type"].items())
        + f"; {100 * joint['calibration']['ece']:.1f} %",
        "ner_joint_litbert-oa-small",
    )
    yield Row(
        "the same recognizer trained on BC5CDR alone, BC5CDR test: micro-F1, expected calibration error",
        f"{100 * alone['ents_f']:.1f}, {100 * alone['calibration']['ece']:.1f} %",
        "ner_bc5cdr_litbert-oa-small",
    )


def _further() -> Iterator[Row]:
    result = read("further")
    new, f1 = result["new_label"], result["f1_dev"]
    kept = [label for label in result["corpora"] if label != new]
    yield Row(
        f"`{result['recognizer']}` trained further for {result['steps']} steps on {result['texts']} texts of "
        f"{result['corpora'][new]} in which {new} alone was annotated: F1 on dev splits, of "
        + ", ".join(f"{label} ({corpus})" for label, corpus in result["corpora"].items()),
        "; ".join(
            f"{name} {', '.join(f'{100 * one[label]:.1f}' for label in ((new, *kept) if new in one else kept))}"
            for name, one in f1.items()
        ).replace("before ", "before –, "),
        "further",
    )


def _scispacy() -> Iterator[Row]:
    result = read("scispacy_tokens")
    own, theirs = result["tokenizers"]["own"], result["tokenizers"]["scispacy"]
    yield Row(
        f"`{result['pipeline']}` on {result['documents']} abstracts of BC5CDR dev, with its own tokenizer and "
        "scispaCy's: F1",
        f"{own['f1']} and {theirs['f1']}",
        "scispacy_tokens",
    )


def _linking() -> Iterator[Row]:
    theirs = read("scispacy_linker")
    yield Row(
        f"scispaCy {theirs['scispacy']}'s candidate generator on the same mentions with the same names and long forms: "
        "right at rank 1, per cent",
        ", ".join(
            f"{corpus} {label} {one['acc@1']:.1f}"
            for corpus, labels in theirs["scores"].items()
            for label, one in labels.items()
        ),
        "scispacy_linker",
    )
    settings = {"vocabulary": "MeSH's and OMIM's names alone", "memory": "with what training mentions stood for"}
    for setting, what in settings.items():
        figures = [
            f"{corpus} {label} {scores[setting][label]['acc@1']:.1f}"
            for corpus, scores in ((name, one["scores"]) for name, one in read("linking")["corpora"].items())
            for label in ("Disease", "Chemical")
            if label in scores[setting]
        ]
        yield Row(
            f"`litbert_linker` on gold mentions of the test splits, {what}: right at rank 1, per cent",
            ", ".join(figures),
            "linking",
            main=setting == "memory",
        )


def _linking_context() -> Iterator[Row]:
    scores = read("linking_context")["scores"]
    yield Row(
        f"`litbert_linker` on {scores['texts']} made-up texts in which an abbreviation stands for one of two diseases, "
        "trained on texts with other abbreviations: right, per cent, with what stands around it, and without",
        f"{scores['with context']:.1f} and {scores['without context']:.1f}",
        "linking_context",
        main=True,
    )


def _linking_end_to_end() -> Iterator[Row]:
    corpora = read("linking_end_to_end")["corpora"]
    figures = [
        f"{corpus.replace('_without_', ' without ')} {one['unmerged']['NIL']['mentions and ids']['all']['f']:.1f} "
        f"({one['unmerged']['all linked']['mentions and ids']['all']['f']:.1f})"
        for corpus, one in corpora.items()
    ]
    yield Row(
        "`en_litbert_ner` and `litbert_linker` on raw text of the test splits: micro-F1 of mentions with ids, with a "
        "threshold chosen on dev (in brackets: every mention linked)",
        ", ".join(figures),
        "linking_end_to_end",
        main=True,
    )


def _linking_costs() -> Iterator[Row]:
    names = {"linking_costs": "MeSH", "linking_costs_made_up": "a made-up vocabulary"}
    for file, what in names.items():
        costs = read(file)
        build, use = costs["build"], costs["use"]
        resident = use["resident_mb_with_mentions_linked"] - use["resident_mb_of_the_programs_alone"]
        yield Row(
            f"a knowledge base of {build['names']:,} names, {what}: seconds to build, MB on disk, ms to open, MB "
            f"more resident once {use['distinct_mentions']} mentions are linked, ms a mention (without vectors)",
            f"{build['seconds']:.0f}, {build['disk_mb']:.0f}, {use['open_ms']:.0f}, {resident}, "
            f"{use['ms_per_distinct_mention']:.1f}",
            file,
        )
    pipe = read("linking_costs")["pipe"]
    yield Row(
        f"`{pipe['pipeline']}`, with vectors and contexts, on {pipe['texts']} abstracts: time beside the same without "
        "its linker",
        f"{pipe['times']:.2f}×",
        "linking_costs",
        main=True,
    )


def _textcat() -> Iterator[Row]:
    wheel = read("textcat_hoc_doc_litbert-oa-small")
    figures = [wheel["cats_micro"]["f"], wheel["cats_macro_f"], wheel["calibration"]["ece"]]
    yield Row(
        "the bundled `en_litbert_textcat` on the test split of Hallmarks of Cancer, per cent: micro-F1, macro-F1, "
        "expected calibration error",
        ", ".join(f"{100 * figure:.1f}" for figure in figures),
        "textcat_hoc_doc_litbert-oa-small",
        main=True,
    )


def _annotate() -> Iterator[Row]:
    run, service = read("annotate"), read("serve")
    engines = {name: one for name, one in run.items() if isinstance(one, dict) and "words_per_second" in one}
    yield Row(
        f"`spacy litbert annotate`, {run['documents']:,} abstracts: words/s on two cores, and resident memory at a "
        "tenth of them and at the end",
        "; ".join(
            f"{name} {one['words_per_second']:,}, {one['mb_at_a_tenth']:,} and {one['mb_at_the_end']:,} MB"
            for name, one in engines.items()
        ),
        "annotate",
    )
    yield Row(
        f"`spacy litbert serve`, {service['requests']:,} requests over {service['connections']} connections: "
        "throughput beside `nlp.pipe`, median and 99th percentile of the time to answer, wrong answers",
        f"{service['served_beside_pipe']:.2f}×; {service['latency_ms']['p50']:,.0f} and "
        f"{service['latency_ms']['p99']:,.0f} ms; {service['wrong']}",
        "serve",
    )


def _alignment() -> Iterator[Row]:
    alignment = read("alignment")
    speed = alignment["speed"]
    coverage = [*alignment["coverage"].values(), alignment["coverage_of_one_long_text"]]
    yield Row(
        "visible tokens without a wordpiece, in "
        f"{sum(part['tokens'] for part in coverage):,} tokens of BC5CDR, NCBI-disease and one long text",
        str(sum(part["visible_without_piece"] for part in coverage)),
        "alignment",
        main=True,
    )
    yield Row(
        f"tokenise + align + window, {speed['texts']:,} abstracts, beside spacy-transformers",
        f"{speed['times_spacy_transformers']['ours_warm']['median']:.1f}× "
        f"({speed['words_per_second']['ours_warm']['median']:,.0f} words/s); "
        f"{speed['times_spacy_transformers']['ours_cold']['median']:.1f}× with an empty cache",
        "alignment",
    )


def _speed() -> Iterator[Row]:
    speed, step, overhead, precision = (read(name) for name in ("speed", "training_step", "overhead", "precision"))
    abstracts = speed["abstracts"]
    ours = abstracts["times"]["litbert"]
    others = [other for other in ours if not other.startswith("litbert,") and other not in (BUNDLED, CNN)]
    yield Row(
        f"annotating {abstracts['texts']:,} abstracts with LitBERT's shape and `ner`, float32 with torch (exact): how "
        "many times as fast as …",
        "; ".join(f"{_times(ours[other])} {other}" for other in others),
        "speed",
        main=True,
    )
    bundled, rates = abstracts["times"][BUNDLED], abstracts["words_per_second"]
    yield Row(
        f"the same with `{BUNDLED}` 0.3.0 (6 layers × 384): words/s, beside LitBERT's shape, beside spaCy's CNN",
        f"{rates[BUNDLED]['median']:,.0f}; {_times(bundled['litbert'])}; {_times(bundled[CNN])}",
        "speed",
    )
    paths = precision["paths"]
    yield Row(
        f"BC5CDR dev F1 that a trained recogniser ({precision['weights']}) loses with bfloat16, with 8 bits in ONNX "
        "Runtime, stored in float16, stored in 8 bits",
        ", ".join(
            f"{paths[name]['lost']:.2f}"
            for name in ("torch bfloat16", "onnx int8", "stored in float16", "stored in int8")
        ),
        "precision",
    )
    share = overhead["pipelines"]["torch float32"]["overhead"]
    yield Row(
        "all but the encoder and `ner` (tokenise, align, window, pool, annotate): share of the time, words/s",
        f"{100 * share['share']['median']:.1f} %, {share['words_per_second']['median']:,.0f}",
        "overhead",
    )
    heads = read("ner_head")["results"].values()
    yield Row(
        "`litbert_ner` beside `ner` without their encoder, words/s, on made-up texts with "
        + " and ".join(f"{head['labels']}" for head in heads)
        + " labels: finding mentions, and with putting them on Docs; the same with five tags",
        "; ".join(
            ", ".join(
                f"{_times(head[name]['times_as_fast_prediction'])} ({_times(head[name]['times_as_fast'])})"
                for head in heads
            )
            for name in ("litbert_ner", "litbert_ner with five tags")
        ),
        "ner_head",
    )
    whole = read("ner_end_to_end")
    yield Row(
        f"`{whole['pipeline']}` beside the same encoder with `ner`, from raw abstracts to entities of "
        f"{len(whole['labels'])} labels: words/s",
        f"{_times(whole['times_as_fast'])} ({whole['words_per_second']['litbert_ner']['median']:,.0f})",
        "ner_end_to_end",
        main=True,
    )
    yield Row(
        "training step of LitBERT's shape, words/s: beside BERT-base's with the same code, beside spacy-transformers'",
        f"{_times(step['litbert_times_bert_base'])}, {_times(step['times_spacy_transformers'])}",
        "training_step",
    )


def _memory() -> Iterator[Row]:
    memory = read("memory")
    in_use, in_training = (memory[name]["ratio"] for name in ("predict_litbert_shape", "train_mini_shape"))
    peaks = [f"{memory[BUNDLED][text]['peak_beyond_pipeline_mb']:,.0f} MB" for text in ("short", "long")]
    yield Row(
        f"peak memory beyond `{BUNDLED}` itself for a document of 2,000 words and for one of 200,000; of the "
        "transformer alone, beyond model and vectors, the second beside the first",
        f"{' and '.join(peaks)}; {in_use:.2f}× in use, {in_training:.2f}× in training",
        "memory",
        main=True,
    )
    resident = memory["stream_mini_shape"]["resident_mb"]
    yield Row(
        "resident memory while `nlp.pipe` reads on, with an encoder of 4 layers × 256 (see docs/speed.md)",
        ", ".join(f"{value:,.0f} MB after {mark}" for mark, value in resident.items()),
        "memory",
    )


def _times(ratio: dict[str, float]) -> str:
    return f"{ratio['median']:.2f}×"


def table(page: Path) -> str:
    """Return the tables of a page: all rows, or the main ones for the README, and the recognizers of each corpus."""
    shown = [row for row in rows() if row.main or page != README]
    results = "benchmarks/results" if page == README else "../benchmarks/results"
    lines = ["| measured | figure | file |", "|---|---|---|"]
    lines += [f"| {row.what} | {row.figure} | [{row.file}]({results}/{row.file}.json) |" for row in shown]
    lines += ["", "Speeds are of one or two CPU cores, without a GPU. Machines differed; each file names its own."]
    lines += ["", *compared.tables(results)]
    return "\n".join(lines)


def with_figures(page: Path) -> str:
    """Return the page's text with its tables written anew."""
    before, _, rest = page.read_text("utf8").partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{table(page)}\n{END}{after}"


def main() -> None:
    for page in PAGES:
        wanted = with_figures(page)
        if "--check" not in sys.argv:
            page.write_text(wanted, encoding="utf8")
        elif page.read_text("utf8") != wanted:
            sys.exit(f"{page.name} does not say what benchmarks/results say: run python -m benchmarks.table")


if __name__ == "__main__":
    main()
