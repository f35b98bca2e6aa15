"""What is sent and answered, as the OpenAPI description shows it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class OneText(BaseModel):
    """A text to annotate."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": "Aspirin caused ulcers."}]})
    text: str
    id: str = "0"


class ManyTexts(BaseModel):
    """Texts to annotate; without ids, their places in the list are their ids."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"texts": ["A", "B"], "ids": ["1", "2"]}]}
    )
    texts: list[str]
    ids: list[str] = []


class Mention(BaseModel):
    """A mention: characters ``start … end - 1`` (Unicode code points) of the text; what is not known is left out."""

    start: int
    end: int
    label: str
    text: str
    concept_id: str = ""
    confidence: float | None = None


class AnnotatedText(BaseModel):
    """A text, its entities, which do not overlap, and what a component gives beyond them.

    spans: groups of mentions that may overlap, by the names that they have in ``doc.spans``.
    cats: the scores of categories.
    """

    id: str
    text: str
    entities: list[Mention]
    spans: dict[str, list[Mention]] = {}
    cats: dict[str, float] = {}


class Problem(BaseModel):
    """What is wrong, with a code to search for."""

    code: str
    detail: str


class FailedText(BaseModel):
    """A text that the pipeline can't annotate."""

    id: str
    error: Problem


class AnnotatedTexts(BaseModel):
    """A document for each text, in the order of the texts."""

    documents: list[AnnotatedText | FailedText]


REQUEST: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"oneOf": [OneText.model_json_schema(), ManyTexts.model_json_schema()]}}
        },
    }
}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": AnnotatedText | AnnotatedTexts, "description": "What was found"},
    413: {"model": Problem, "description": "Too many bytes, texts or characters"},
    415: {"model": Problem, "description": "No JSON"},
    422: {"model": Problem, "description": "No request, or the one text can't be annotated"},
    503: {"model": Problem, "description": "Too many requests are waiting; Retry-After says when to try again"},
    504: {"model": Problem, "description": "No answer in time"},
}
