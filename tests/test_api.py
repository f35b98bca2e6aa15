"""docs/api.md names every registered name, every command and every public function, with all of their parameters."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
import typer
from spacy.pipeline import TrainablePipe as Pipe

import spacy_litbert
from spacy_litbert.cli import app
from spacy_litbert.linking.linker import LitBertLinker
from spacy_litbert.ner.component import LitBertNer

PAGE = (Path(__file__).parent.parent / "docs" / "api.md").read_text("utf8")
SECTIONS = dict(re.findall(r"^### `(.+?)`.*?\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))


def _registered() -> Iterator[tuple[str, Callable[..., Any]]]:
    for point in distribution("spacy-litbert").entry_points:
        if point.group != "spacy_cli":
            yield point.name, point.load()


def _public() -> Iterator[tuple[str, Callable[..., Any]]]:
    for name in spacy_litbert.__all__:
        value = getattr(spacy_litbert, name)
        if inspect.isfunction(value):
            yield name, value


DOCUMENTED = dict([*_registered(), *_public()])


def _commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


COMMANDS = dict(_commands(typer.main.get_command(app)))


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_name_stands_in_the_page_with_its_parameters_and_defaults(name: str) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*)\|$", SECTIONS[name].split("| method")[0], re.MULTILINE))
    parameters = inspect.signature(DOCUMENTED[name]).parameters
    assert list(rows) == list(parameters)
    for parameter in parameters.values():
        if parameter.default not in (inspect.Parameter.empty, None):
            assert f"`{parameter.default!r}`".replace("'", '"') in rows[parameter.name]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_stands_in_the_page_with_its_options(name: str) -> None:
    section = SECTIONS[f"spacy litbert {name}"]
    for parameter in COMMANDS[name].params:
        shown = parameter.opts[0] if parameter.param_type_name == "option" else parameter.name.upper()
        assert f"| `{shown}" in section, shown


def test_the_page_names_nothing_that_is_not_there() -> None:
    assert set(SECTIONS) == {*DOCUMENTED, *(f"spacy litbert {name}" for name in COMMANDS)}


def test_what_is_public_is_listed_and_nothing_else_is_found() -> None:
    assert set(spacy_litbert.__all__) <= set(dir(spacy_litbert))
    with pytest.raises(AttributeError, match="no_such_name"):
        spacy_litbert.no_such_name  # noqa: B018


@pytest.mark.parametrize("name, component", [("litbert_ner", LitBertNer), ("litbert_linker", LitBertLinker)])
def test_the_methods_of_a_component_stand_in_its_section(name: str, component: type) -> None:
    own = {one for one in vars(component) if not one.startswith("_") and not hasattr(Pipe, one)}
    told = dict(re.findall(r"^\| `(\w+)(\(.*\))?` \|", SECTIONS[name].split("| method")[1], re.MULTILINE))
    assert own <= told.keys()
    for method, signature in told.items():
        if signature:
            parameters = inspect.signature(getattr(component, method)).parameters.values()
            named = [one.name if one.default is one.empty else f"{one.name}={one.default}" for one in parameters]
            assert set(signature[1:-1].split(", ")) <= set(named)
