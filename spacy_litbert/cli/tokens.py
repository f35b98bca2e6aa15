"""``spacy litbert tokens``: show how vocabularies cut a text, and how well they fit files of text."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from wasabi import msg, table

from ..corpora.selection import read_texts
from ..corpora.unlabelled_text import find_texts
from ..errors import Errors, LitBertError
from ..files import replacing
from ..targets import check_new_file
from ..tokenization.report import TokenReport, cut, report_tokens
from ..tokenization.vocabulary import Vocabulary

_COLUMNS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "name": ("Vocabulary", str),
    "size": ("Entries", "{:,}".format),
    "pieces_per_word": ("Pieces/word", "{:.3f}".format),
    "characters_per_512": ("Chars/512 pieces", "{:,.0f}".format),
    "unknown": ("Unknown", "{:,}".format),
    "unknown_share": ("Unknown share", "{:.4%}".format),
}
_IMAGES = (".png", ".svg", ".pdf")
_PLOTTED = ("pieces_per_word", "characters_per_512", "unknown_share")


def tokens_cli(
    vocabularies: Annotated[list[str], typer.Argument(help="Bundled names, model folders or vocab.txt files")],
    texts: Annotated[list[str] | None, typer.Option("--texts", "-t", help="File or pattern; repeatable")] = None,
    show: Annotated[str | None, typer.Option("--show", "-s", help="A text to cut and print")] = None,
    out: Annotated[Path | None, typer.Option("--json", "-j", help="File for the report as JSON")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", "-p", help="File for a chart (.png, .svg); matplotlib")] = None,
) -> None:
    """Compare vocabularies: how they cut a text (--show), and their figures on files of text (--texts)."""
    if show is None and not texts:
        msg.fail("Nothing to cut: give a text with --show or files with --texts", exits=1)
    if not texts and (out or plot):
        msg.fail("--json and --plot are of files: give some with --texts", exits=1)
    if plot is not None and plot.suffix.lower() not in _IMAGES:
        choices = ", ".join(_IMAGES)
        raise LitBertError(Errors.L003.format(name="--plot", value=str(plot), choices=f"a name that ends in {choices}"))
    files = find_texts(texts) if texts else []
    for target in (out, plot):
        if target is not None:
            check_new_file(target, sources=[*map(Path, vocabularies), *files], option=None)
    from ..checkpoints.sources import vocabulary_of

    loaded = {name: vocabulary_of(name) for name in vocabularies}
    if show is not None:
        for name, vocabulary in loaded.items():
            pieces = cut(vocabulary, show)
            msg.text(f"{name} ({len(pieces)})", color="blue")
            print("  " + " ".join(pieces))
    if files:
        reports = tokens(loaded, files)
        rows = [[write(getattr(one, field)) for field, (_, write) in _COLUMNS.items()] for one in reports]
        print(table(rows, header=[title for title, _ in _COLUMNS.values()], divider=True, aligns=("l", *"rrrrr")))
        if out:
            with replacing(out) as partial:
                partial.write_text(json.dumps([asdict(one) for one in reports], indent=2) + "\n", encoding="utf8")
        if plot:
            plot_reports(reports, plot)


def tokens(vocabularies: dict[str, Vocabulary], texts: list[Path]) -> list[TokenReport]:
    """Make a report for each vocabulary, in their order.

    texts: files as ``read_documents`` takes them.
    """
    return [report_tokens(name, vocabulary, read_texts(texts)) for name, vocabulary in vocabularies.items()]


def plot_reports(reports: list[TokenReport], path: Path) -> None:
    """Draw the figures side by side, a panel each."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 0.6 + 0.4 * len(reports)), layout="constrained")
    names = [one.name for one in reports]
    for axes, field in zip(figure.subplots(1, len(_PLOTTED), sharey=True), _PLOTTED):
        title, write = _COLUMNS[field]
        bars = axes.barh(names, [getattr(one, field) for one in reports])
        axes.bar_label(bars, [write(getattr(one, field)) for one in reports], padding=2, fontsize="small")
        axes.set_title(title, fontsize="medium")
        axes.margins(x=0.35)
        axes.invert_yaxis()
    with replacing(path) as partial:
        figure.savefig(partial, dpi=120, format=path.suffix[1:].lower())
