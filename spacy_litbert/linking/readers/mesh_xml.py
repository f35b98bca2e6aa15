"""Read MeSH's own XML: descriptors (``desc2025.xml``) and supplementary records (``supp2025.xml``), also compressed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ...corpora.files import open_corpus
from ..concept import Concept, Record
from .mesh_types import mesh_types
from .problems import date_number, record_error

LARGEST_RECORD = 1 << 25  # bytes
_ROOTS = ("DescriptorRecordSet", "SupplementalRecordSet")
_RECORDS = ("DescriptorRecord", "SupplementalRecord")


def read_mesh_xml(path: Path) -> Iterator[Record]:
    """Yield the records of a file, with all terms of all their concepts as names.

    Raises LitBertError L520 for what is no XML, or no such record, with the line.
    """
    parser: Any = ElementTree.XMLPullParser(("start", "end"))
    root: ElementTree.Element | None = None
    line = begun = n_bytes = 0
    with open_corpus(path) as stream:
        while True:
            text = stream.readline(1 << 20)  # fed by lines, so that a record's is known
            line += text.endswith(b"\n")
            n_bytes += len(text)
            try:
                parser.feed(text) if text else parser.close()
                for event, element in parser.read_events():
                    if root is None:
                        root = element
                        if element.tag not in _ROOTS:
                            raise record_error(path, 1, f"it must begin with one of {_ROOTS}, found {element.tag!r}.")
                    elif element.tag in _RECORDS:
                        if event == "start":
                            begun, n_bytes = line, 0
                        else:
                            yield Record(begun, _concept(path, begun, element))
                            root.clear()
            except ElementTree.ParseError as error:
                raise record_error(path, error.position[0], f"it is no XML ({error}). Fetch the file again.") from None
            except LookupError as error:
                raise record_error(path, 1, f"its encoding can't be read ({error}).") from None
            if n_bytes > LARGEST_RECORD:
                raise record_error(path, begun, f"a record has more than {LARGEST_RECORD >> 20} MB and no end.")
            if not text:
                return


def _concept(path: Path, line: int, record: ElementTree.Element) -> Concept:
    kind = record.tag.removesuffix("Record")
    record_kind = "Descriptor" if kind == "Descriptor" else "SupplementalRecord"
    concept_id = record.findtext(f"{record_kind}UI", "").strip()
    name = record.findtext(f"{record_kind}Name/String", "")
    if not concept_id or not name.strip():
        raise record_error(path, line, f"a {record.tag} needs {record_kind}UI and {record_kind}Name.")
    tree_numbers = tuple(_texts(record, "TreeNumberList/TreeNumber"))
    preferred = record.find("ConceptList/Concept[@PreferredConceptYN='Y']")
    note = preferred.findtext("ScopeNote", "") if preferred is not None else ""
    return Concept(
        f"MESH:{concept_id}",
        name,
        tuple(_texts(record, "ConceptList/Concept/TermList/Term/String")),
        mesh_types(tree_numbers),
        note or record.findtext("Note", ""),
        tree_numbers,
        mapped_to=tuple(
            f"MESH:{found.lstrip('*')}"
            for found in _texts(record, "HeadingMappedToList/HeadingMappedTo/DescriptorReferredTo/DescriptorUI")
        ),
        preference=0 if kind == "Descriptor" else 1,
        since=_since(path, line, record),
    )


def _texts(record: ElementTree.Element, where: str) -> list[str]:
    return [found.text.strip() for found in record.findall(where) if found.text and found.text.strip()]


def _since(path: Path, line: int, record: ElementTree.Element) -> int:
    for name in ("DateEstablished", "DateCreated"):
        try:
            if number := date_number(*(record.findtext(f"{name}/{part}") for part in ("Year", "Month", "Day"))):
                return number
        except ValueError as error:
            raise record_error(path, line, f"{name}: {error}") from None
    return 0
