"""Read the terms of an OBO file, as ontologies are published (format 1.2 and 1.4).

Of a term these are read: ``id``, ``name``, ``synonym`` (EXACT and RELATED, which is meant where none is said), ``def``,
``xref``, ``alt_id``, ``namespace`` as its type (or else the file's ``default-namespace``), ``is_obsolete`` and
``replaced_by``. Obsolete terms are left out; where one is replaced by another of the sources, its id leads there. Terms
without name, synonym and definition, as an ontology has of another's to which it refers, are left out and counted.
Files that it imports are not fetched.
"""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from ...corpora.files import numbered_lines
from ...errors import Warnings
from ..concept import Concept, Merged, Record, preference_of
from .problems import record_error

_STANZA = re.compile(r"\[(\w+)\]")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(\w*)')
_ESCAPED = re.compile(r"\\(.)")
_WHITE = {"n": " ", "W": " ", "t": " "}
_REFERENCE = re.compile(r"((?:[^\s\\]|\\.)+)")
_BEHIND = re.compile(r"(?:\s+\{[^{}]*=[^{}]*\})?(?:\s+!.*)?$")
_SCOPES = ("EXACT", "RELATED")


def read_obo(path: Path) -> Iterator[Record]:
    """Yield the terms of an OBO file. Raises LitBertError L520 for a line that is none of an OBO file's.

    W004 says how many terms have neither name, synonym nor definition.
    """
    begun = 0
    nameless: list[str] = []
    fields: dict[str, list[tuple[int, str]]] = defaultdict(list)
    stanza = "header"
    namespaces: tuple[str, ...] = ()
    for number, line in numbered_lines(path):
        line = line.strip()
        if not line or line.startswith("!"):
            continue
        if line.startswith("["):
            match = _STANZA.fullmatch(line)
            if match is None:
                raise record_error(path, number, f"expected a stanza such as [Term], found {line[:60]!r}.")
            yield from _records(path, begun, stanza, fields, namespaces, nameless)
            if stanza == "header":
                namespaces = tuple(_plain(value) for _, value in fields.get("default-namespace", ()))
            begun, stanza, fields = number, match[1], defaultdict(list)
            continue
        tag, colon, value = line.partition(":")
        if not colon:
            raise record_error(path, number, f"expected `tag: value`, found {line[:60]!r}. Has the file been cut?")
        fields[tag.strip()].append((number, value.strip()))
    if stanza == "header" and not fields.get("format-version"):
        raise record_error(path, 1, "it has no format-version and no [Term]: it is no OBO file.")
    yield from _records(path, begun, stanza, fields, namespaces, nameless)
    if nameless:
        what = f"{len(nameless):,} terms that have no name, as {', '.join(nameless[:3])}"
        warnings.warn(Warnings.W004.format(path=path, what=what), stacklevel=2)


def _records(
    path: Path,
    begun: int,
    stanza: str,
    fields: dict[str, list[tuple[int, str]]],
    namespaces: tuple[str, ...],
    nameless: list[str],
) -> Iterator[Record]:
    if stanza != "Term":
        return
    ids = [_reference(value) for _, value in fields.get("id", ())]
    if len(ids) != 1 or not ids[0]:
        raise record_error(path, begun, f"a term needs one id, found {len(ids)}. Has the file been cut?")
    if any(value.startswith("true") for _, value in fields.get("is_obsolete", ())):
        replaced = [_reference(value) for _, value in fields.get("replaced_by", ())]
        if len(replaced) == 1:
            yield Record(begun, Merged(ids[0], replaced[0], may_lack=True))
        return
    names = [_plain(value) for _, value in fields.get("name", ())]
    if not names and fields.keys().isdisjoint(("def", "synonym")):
        nameless.append(ids[0])
        return
    if len(names) != 1:
        raise record_error(path, begun, f"the term {ids[0]} needs one name, found {len(names)}. Has the file been cut?")
    synonyms = [_quoted(path, number, value) for number, value in fields.get("synonym", ())]
    definitions = [_quoted(path, number, value)[0] for number, value in fields.get("def", ())]
    concept = Concept(
        ids[0],
        names[0],
        tuple(text for text, scope in synonyms if (scope or "RELATED") in _SCOPES),
        tuple(_plain(value) for _, value in fields.get("namespace", ())) or namespaces,
        " ".join(definitions),
        xrefs=tuple(_reference(value) for _, value in fields.get("xref", ())),
        merged_ids=tuple(_reference(value) for _, value in fields.get("alt_id", ())),
        preference=preference_of(ids[0]),
    )
    yield Record(begun, concept)


def _quoted(path: Path, line: int, value: str) -> tuple[str, str]:
    match = _QUOTED.match(value)
    if match is None:
        raise record_error(path, line, f"expected a text in quotes, found {value[:60]!r}. Has the line been cut?")
    return _unescaped(match[1]), match[2]


def _reference(value: str) -> str:
    match = _REFERENCE.match(value)
    return _unescaped(match[1]) if match else ""


def _plain(value: str) -> str:
    """Return a value without the modifiers and the comment that may stand behind it."""
    return _unescaped(_BEHIND.sub("", value))


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: _WHITE.get(match[1], match[1]), text)
