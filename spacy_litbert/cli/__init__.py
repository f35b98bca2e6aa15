"""``spacy litbert …``: one command a file, in pairs; ``x_cli`` holds the options and prints, ``x`` does the work.

spaCy imports this through the entry point ``spacy_cli`` whenever its command line starts, so nothing here
imports torch before a command runs.
"""

from __future__ import annotations

import typer
from spacy.cli import app as spacy_app

from .convert import convert_cli
from .export import export_cli
from .inspect import inspect_cli
from .pretrain import pretrain_cli
from .tokens import tokens_cli
from .vocab import vocab_cli

app = typer.Typer(name="litbert", help="Commands of spacy-litbert.", no_args_is_help=True, rich_markup_mode=None)
app.command("convert")(convert_cli)
app.command("export")(export_cli)
app.command("inspect")(inspect_cli)
app.command("vocab")(vocab_cli)
app.command("tokens")(tokens_cli)
app.command("pretrain", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(pretrain_cli)
spacy_app.add_typer(app)
