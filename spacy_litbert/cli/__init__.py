"""``spacy litbert …``: one command a file, in pairs; ``x_cli`` holds the options and prints, ``x`` does the work.

Whatever a command raises for bad input becomes one line and exit code 1 here. spaCy imports this through the entry
point ``spacy_cli`` whenever its command line starts, so nothing here imports torch before a command runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
from spacy.cli import app as spacy_app

from ..command_line import errors_in_one_line
from .annotate import annotate_cli
from .calibrate import calibrate_cli
from .convert import convert_cli
from .corpus import corpus_cli
from .export import export_cli
from .inspect import inspect_cli
from .kb import kb_build_cli, kb_info_cli, kb_merge_cli, kb_subset_cli
from .kb_abbreviations import kb_abbreviations_cli
from .kb_add import kb_add_cli
from .kb_export import kb_export_cli
from .kb_names import kb_train_names_cli, kb_vectors_cli
from .kb_show import kb_search_cli, kb_show_cli
from .pretrain import pretrain_cli
from .serve import serve_cli
from .tokens import tokens_cli
from .train import train_cli
from .vocab import vocab_cli

app = typer.Typer(name="litbert", help="Commands of spacy-litbert.", no_args_is_help=True, rich_markup_mode=None)


kb_app = typer.Typer(name="kb", help="Knowledge bases of litbert_linker.", no_args_is_help=True, rich_markup_mode=None)


def _register(name: str, command: Callable[..., None], *, to: typer.Typer = app, **settings: Any) -> None:
    to.command(name, **settings)(errors_in_one_line()(command))


_register("calibrate", calibrate_cli)
_register("convert", convert_cli)
_register("export", export_cli)
_register("inspect", inspect_cli)
_register("vocab", vocab_cli)
_register("tokens", tokens_cli)
_register("corpus", corpus_cli)
_register("annotate", annotate_cli)
_register("serve", serve_cli)
_register("pretrain", pretrain_cli, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
_register("train", train_cli, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
_register("build", kb_build_cli, to=kb_app)
_register("info", kb_info_cli, to=kb_app)
_register("merge", kb_merge_cli, to=kb_app)
_register("subset", kb_subset_cli, to=kb_app)
_register("add", kb_add_cli, to=kb_app)
_register("export", kb_export_cli, to=kb_app)
_register("show", kb_show_cli, to=kb_app)
_register("search", kb_search_cli, to=kb_app)
_register("abbreviations", kb_abbreviations_cli, to=kb_app)
_register("train-names", kb_train_names_cli, to=kb_app)
_register("vectors", kb_vectors_cli, to=kb_app)
app.add_typer(kb_app)
spacy_app.add_typer(app)
