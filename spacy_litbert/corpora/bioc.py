"""Documents in BioC's terms: passages, annotations, infons and offsets. The same for XML and JSON.

Offsets and lengths count characters (Unicode code points) from the beginning of the document. The format (Comeau et al.
2013, https://doi.org/10.1093/database/bat064) leaves the unit open; PubTator and the Python library ``bioc`` count so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any
from xml.etree.ElementTree import Element

from .document import Document, Mention, Passage, confidence_in, problem_of

_MOST_BLANKS = 1_000_000  # characters between the passages of a document


def bioc_document(data: dict[str, Any]) -> Document:
    """Make a document of a BioC document, as its JSON has it.

    Of the infons those called ``type``, ``identifier`` and ``confidence`` (if it is a number) are taken; relations are
    passed over.

    Raises ValueError for offsets that do not fit the text, and for annotations in several parts.
    """
    document = bioc_text(data)
    annotations = chain.from_iterable(_objects(part, "annotations") for part in _parts(data))
    return replace(document, entities=tuple(sorted(_mention(one, document.text) for one in annotations)))


def bioc_text(data: dict[str, Any]) -> Document:
    """Make a document of a BioC document, whatever its annotations are.

    The passages stand at their offsets, with blanks where the file leaves a gap. A passage whose text stands in its
    sentences is read from them.

    Raises ValueError for offsets of passages that do not fit the text.
    """
    document_id = data.get("id", data.get("_id"))
    if type(document_id) not in (str, int):
        raise ValueError(f"its id is {document_id!r}; it must be a string or an integer.")
    texts: list[str] = []
    end = blanks = 0
    passages = []
    for passage in _objects(data, "passages"):
        pieces = list(_pieces(passage))
        for offset, piece in pieces:
            blanks += offset - end
            if offset < end or blanks > _MOST_BLANKS:
                unit = _unit("".join(texts))
                raise ValueError(f"a text stands at {offset}, and the one before it ends at {end}.{unit}")
            texts += [" " * (offset - end), piece]
            end = offset + len(piece)
        if pieces:
            passages.append(Passage(pieces[0][0], end, _infon(passage, "type")))
    return Document(str(document_id), "".join(texts), (), tuple(passages))


def bioc_data(document: Document) -> dict[str, Any]:
    """Make a BioC document, as its JSON has it; a text that is not divided is one passage.

    Raises ValueError for what stands between passages, if it is anything but blanks.
    """
    text = document.text
    passages = document.passages or (Passage(0, len(text)),)
    starts = [passage.start for passage in passages[1:]]
    for before, after in zip((0, *(one.end for one in passages)), (passages[0].start, *starts, len(text))):
        if text[before:after].strip(" ") or (after == len(text) and before != after):
            raise ValueError(f"{text[before:after]!r} stands between passages, or after the last one.")
    annotations: list[list[dict[str, Any]]] = [[] for _ in passages]
    for number, mention in enumerate(document.entities, 1):
        place = max(i for i, passage in enumerate(passages) if passage.start <= mention.start or i == 0)
        annotations[place].append(_annotation(mention, number, text))
    return {
        "id": document.id,
        "infons": {},
        "passages": [
            {
                "offset": passage.start,
                "infons": {"type": passage.kind} if passage.kind else {},
                "text": text[passage.start : passage.end],
                "sentences": [],
                "annotations": found,
                "relations": [],
            }
            for passage, found in zip(passages, annotations)
        ],
        "relations": [],
    }


def parsed_bioc(element: Element) -> dict[str, Any]:
    """Return what the JSON of an XML element ``document`` would hold; an offset that is no number stays a string."""
    return {
        "id": element.findtext("id"),
        "passages": [
            {**_part(one), "sentences": [_part(sentence) for sentence in one.iterfind("sentence")]}
            for one in element.iterfind("passage")
        ],
        "annotations": _part(element)["annotations"],
    }


def _part(element: Element) -> dict[str, Any]:
    return {
        "offset": _whole(element.findtext("offset")),
        "infons": _infons(element),
        "text": element.findtext("text"),
        "annotations": [
            {
                "id": annotation.get("id"),
                "infons": _infons(annotation),
                "text": annotation.findtext("text"),
                "locations": [
                    {"offset": _whole(place.get("offset")), "length": _whole(place.get("length"))}
                    for place in annotation.iterfind("location")
                ],
            }
            for annotation in element.iterfind("annotation")
        ],
    }


def _infons(element: Element) -> dict[str, str]:
    return {infon.get("key", ""): infon.text or "" for infon in element.iterfind("infon")}


def _whole(value: str | None) -> int | str | None:
    digits = (value or "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else value


def _parts(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield data
    for passage in _objects(data, "passages"):
        yield passage
        yield from _objects(passage, "sentences")


def _pieces(passage: dict[str, Any]) -> Iterator[tuple[int, str]]:
    sentences, own = _objects(passage, "sentences"), passage.get("text")
    parts = [passage] if own or (own is not None and not sentences) else sentences
    for part in parts:
        offset, text = part.get("offset"), part.get("text")
        if type(offset) is not int or not isinstance(text, str):
            found = f"{offset!r:.60} and {text!r:.60}"
            raise ValueError(f"a passage or sentence needs an offset and a text; it has {found}.")
        yield offset, text


def _mention(annotation: dict[str, Any], text: str) -> Mention:
    name = annotation.get("id")
    places = [(place.get("offset"), place.get("length")) for place in _objects(annotation, "locations")]
    start, length = places[0] if len(places) == 1 else (None, None)
    if type(start) is not int or type(length) is not int:
        problem = "Offset and length of one location are needed; a mention in several parts can't be kept"
        raise ValueError(f"the annotation {name!r} has the locations {str(places)[:100]}. {problem}.")
    label = _infon(annotation, "type")
    if not label:
        raise ValueError(f'the annotation {name!r} has no infon "type", which is its label.')
    confidence = confidence_in(_infon(annotation, "confidence"))
    mention = Mention(start, start + length, label, _infon(annotation, "identifier"), confidence)
    expected = annotation.get("text")
    found = text[max(0, mention.start) : max(0, mention.end)]
    if expected is not None and found != expected:
        problem = f"the annotation {name!r} of {expected!r:.60} should stand at {mention.start}–{mention.end}"
        raise ValueError(f"{problem}, but there is {found!r:.60}.{_unit(text)}")
    if problem_found := problem_of(mention, text):
        raise ValueError(problem_found)
    return mention


def _unit(text: str) -> str:
    return "" if text.isascii() else " Offsets count characters (Unicode code points), neither bytes nor UTF-16 units."


def _annotation(mention: Mention, number: int, text: str) -> dict[str, Any]:
    infons = {"type": mention.label}
    if mention.concept_id:
        infons["identifier"] = mention.concept_id
    if mention.confidence is not None:
        infons["confidence"] = repr(mention.confidence)
    return {
        "id": f"T{number}",
        "infons": infons,
        "text": text[mention.start : mention.end],
        "locations": [{"offset": mention.start, "length": mention.end - mention.start}],
    }


def _infon(part: dict[str, Any], key: str) -> str:
    infons = part.get("infons")
    value = infons.get(key) if isinstance(infons, dict) else None
    return "" if value is None else str(value)


def _objects(part: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = part.get(key) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ValueError(f'"{key}" must be a list of objects.')
    return found
