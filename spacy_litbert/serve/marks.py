"""Mentions in displaCy's markup: entities within the text, and spans that overlap with each other below it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from itertools import pairwise
from typing import Any

from spacy import displacy

Row = dict[str, Any]


def entities_html(document: Row, colors: dict[str, str]) -> str:
    """Return the text of an answer with its entities marked, with confidence and concept beside the label."""
    entities = [
        {"start": one["start"], "end": one["end"], "label": escape(one["label"]), "params": {"kb_link": _details(one)}}
        for one in document["entities"]
    ]
    data = {"text": document["text"], "ents": entities}
    escaped = {escape(label): color for label, color in colors.items()}
    html: str = displacy.render(data, style="ent", manual=True, page=False, jupyter=False, options={"colors": escaped})
    return html


def overlaps_html(document: Row, colors: dict[str, str]) -> str:
    """Return the pieces of the text with spans that are no entities, all mentions in them underlined; or nothing."""
    pieces = [_underlined(document["text"], mentions, colors) for mentions in _overlaps(document)]
    return f"<h2>Other mentions</h2>\n{''.join(pieces)}" if pieces else ""


def _overlaps(document: Row) -> Iterator[list[Row]]:
    """Yield groups of mentions that lie over each other, if one of them is no entity."""
    entities = {_place(one): one for one in document["entities"]}
    spans = {_place(one): one for group in document.get("spans", {}).values() for one in group}
    group: list[Row] = []
    end = 0
    for one in [*sorted({**spans, **entities}.values(), key=_place), None]:
        if one is None or (group and one["start"] >= end):
            if any(_place(mention) not in entities for mention in group):
                yield group
            group, end = [], 0
        if one is not None:
            group.append(one)
            end = max(end, one["end"])


def _underlined(text: str, mentions: list[Row], colors: dict[str, str]) -> str:
    cuts = sorted({place for one in mentions for place in (one["start"], one["end"])})
    parts = [
        (start + word.start(), word.group())
        for start, end in pairwise(cuts)
        for word in re.finditer(r"\S+", text[start:end])
    ]
    spans, shown = [], {}
    for one in mentions:
        inside = [i for i, (start, _) in enumerate(parts) if one["start"] <= start < one["end"]]
        if inside:  # else the mention is blank
            score = f" {one['confidence']:.2f}" if "confidence" in one else ""
            label = escape(one["label"] + score)
            shown[label] = colors[one["label"]]
            spans.append({"start_token": inside[0], "end_token": inside[-1] + 1, "label": label})
    data = {"tokens": [word for _, word in parts], "spans": spans}
    html: str = displacy.render(data, style="span", manual=True, page=False, jupyter=False, options={"colors": shown})
    return html


def _place(mention: Row) -> tuple[int, int, str]:
    return mention["start"], mention["end"], mention["label"]


def _details(entity: Row) -> str:
    known = [f"{entity['confidence']:.2f}"] if "confidence" in entity else []
    known += [entity["concept_id"]] if entity.get("concept_id") else []
    return "".join(f' <span style="font-weight: normal">{escape(one)}</span>' for one in known)
