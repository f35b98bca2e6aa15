"""The record of a run → the model card (README.md)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..checkpoints.card import checksum_table, licence_line, markdown_table
from .notice import changes, first_start

_OBJECTIVES = {
    "mlm+nsp": "masked language model and next-sentence prediction",
    "mlm": "masked language model alone; the pooler and the next-sentence head are untrained",
}


def model_card(record: dict[str, Any], *, checksums: dict[str, str], plotted: bool) -> str:
    """Write Markdown with Hugging Face's header. checksums: SHA-256 of each file of weights."""
    settings, text = record["settings"], record["text"]
    export, model = settings["export"], settings["model"]
    sections = [
        _header(export),
        f"# {export['name']}\n\n{_summary(record)}",
        f"{model['num_hidden_layers']} layers of width {model['hidden_size']}, {model['num_attention_heads']} heads, "
        f"{model['intermediate_size']} in the feed-forward layers, {model['max_position_embeddings']} positions, "
        f"{record['vocabulary']['size']:,} cased wordpieces, {record['parameters']:,} parameters with the pretraining "
        f"heads. Stored as {export['storage']}.",
        "## How it was trained\n\n" + markdown_table(["", ""], _training_rows(record)),
        "## What it reached\n\n" + markdown_table(["", "training", "held out"], _result_rows(record)),
    ]
    if plotted:
        sections.append("![Losses and accuracies over the tokens seen](curve.png)")
    if record["before"]:
        rows = [*record["before"], record]
        sections.append("Training had several parts:\n\n" + markdown_table(*_parts(rows)))
    if record["start"]:
        sections.append("## What it began with\n\n" + _start(record["start"]))
    sections += [
        f"## Text\n\n{text['documents']:,} documents, {text['sentences']:,} sentences, {text['tokens']:,} wordpieces, "
        "by source and licence:\n\n"
        + markdown_table(
            ["source", "licence", "documents", "wordpieces"],
            ([o["source"], o["license"], f"{o['documents']:,}", f"{o['tokens']:,}"] for o in text["origins"]),
        ),
        "## Limits\n\nIt knows what stands in its text, with its errors and its bias towards English and towards what "
        "is published openly. It was not made for decisions about patients.",
        "## Checksums\n\n" + checksum_table(checksums),
        "All settings and figures: `run.json`, `curve.csv`, `heldout.csv`.",
    ]
    return "\n\n".join(sections) + "\n"


def _header(export: dict[str, Any]) -> str:
    lines = ["language: en", licence_line(export["license"]), "library_name: transformers", "tags: [biomedical, bert]"]
    return "\n".join(["---", *lines, "---"])


def _summary(record: dict[str, Any]) -> str:
    """Say what the weights are and what made them, in a sentence or two."""
    runs = [*record["before"], record]
    text, hardware = record["text"], record["hardware"]
    n_read = sum(run["tokens"] for run in runs)
    begun = first_start(record)
    if begun is None:
        made = ", with LitBERT's design and none of its original weights: pretrained from random weights"
    else:
        made = f": pretrained further from the weights of {begun}"
    return (
        f"A light BERT for biomedical text{made} for {sum(run['hours'] for run in runs):.1f} hours on "
        f"{hardware['processes']} × {hardware['device']}. It read {n_read / 1e6:,.1f} million wordpieces, from "
        f"{text['documents']:,} texts that have {text['tokens'] / 1e6:,.1f} million."
    )


def _start(start: dict[str, Any]) -> str:
    """Describe the weights that this run went on from."""
    rows = [["weights", start["name"]], ["licence", start["license"] or "not said"]]
    rows += [[f"SHA-256 of {name}", f"`{checksum}`"] for name, checksum in start["files"].items()]
    return "\n\n".join([markdown_table(["", ""], rows), " ".join(changes(start))]).strip()


def _training_rows(record: dict[str, Any]) -> Iterable[list[str]]:
    training, hardware = record["settings"]["training"], record["hardware"]
    objective = _OBJECTIVES[training["objective"]]
    yield ["objective", f"{objective}; {training['mlm_probability']:.0%} of the pieces, whole words"]
    if any(rates := record["text"].get("wordpiece_dropout", [])):
        split = " or ".join(f"{rate:.0%}" for rate in rates)
        yield ["wordpiece dropout", f"{split} of the pieces that can be split were (MaxMatch-Dropout, Hiraoka 2022)"]
    yield ["steps", f"{record['steps']:,} of {training['batch_tokens']:,} positions"]
    yield ["wordpieces seen, with [CLS] and [SEP]", f"{record['tokens']:,}"]
    yield ["row length", _lengths(training)]
    rate = f"{training['learning_rate']}, {training['warmup']:.0%} warm-up, then linearly to zero"
    yield ["learning rate", f"{rate} (AdamW, weight decay {training['weight_decay']})"]
    yield ["dropout", f"{record['settings']['model']['hidden_dropout_prob']} (config.json has what fine-tuning wants)"]
    yield ["precision", training["precision"]]
    yield ["time", f"{record['hours']:.2f} hours, finished {record['finished'][:10]}"]
    on = f"{hardware['processes']} × {hardware['device']}, {hardware['threads']} threads of {hardware['cores']} cores"
    yield ["hardware", on]
    for speed in record["speed"]:
        share = speed["tokens_per_second"] * speed["flops_of_token"] / hardware["matrix_rate"] / hardware["processes"]
        figures = f"{speed['tokens_per_second']:,.0f} wordpieces/s, {share:.0%} of the device's measured matrix rate"
        yield [f"speed at length {speed['length']}", figures]
    yield ["software", ", ".join(f"{name} {version}" for name, version in record["versions"].items())]


def _result_rows(record: dict[str, Any]) -> Iterable[list[str]]:
    names = {
        "masked_loss": "masked pieces: loss",
        "masked_accuracy": "masked pieces: accuracy",
        "next_loss": "next sentence: loss",
        "next_accuracy": "next sentence: accuracy",
    }
    for key, name in names.items():
        values = [f"{part[key]:.4f}" if key in part else "–" for part in (record["last"], record["heldout"])]
        yield [name, *values]


def _parts(runs: list[dict[str, Any]]) -> tuple[list[str], Iterable[list[str]]]:
    """Tabulate the runs that made the weights, one after the other; the figures above are the last one's."""
    titles = ["part", "row length", "peak learning rate", "steps", "wordpieces", "hours", "held-out loss"]
    rows = (
        [
            str(i),
            _lengths(run["settings"]["training"]),
            f"{run['settings']['training']['learning_rate']}",
            f"{run['steps']:,}",
            f"{run['tokens']:,}",
            f"{run['hours']:.2f}",
            f"{run['heldout'].get('masked_loss', float('nan')):.4f}",
        ]
        for i, run in enumerate(runs, start=1)
    )
    return titles, rows


def _lengths(training: dict[str, Any]) -> str:
    lengths = f"{training['length']}, then {training['long_length']} in the last {training['long_share']:.0%}"
    return lengths if training["long_share"] else str(training["length"])
