"""Read the body of a request: never more than is taken, and nothing but what a request may say."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import parse_qs

from starlette.requests import Request

from ..corpora.files import json_object
from ..errors import Errors
from .refusals import RefusedError
from .settings import Settings

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
_SHOWN = 60  # characters of what a client sent


class Given(NamedTuple):
    """What a request asks for: pairs of id and text, and whether it was one text or a list."""

    texts: list[tuple[str, str]]
    is_list: bool


async def read_body(request: Request, content_type: str, settings: Settings) -> bytes:
    """Return the body of a request.

    Raises RefusedError: 415 (L641) for another content type, 413 (L642) for more bytes than are taken, before they are
    read.
    """
    found = request.headers.get("content-type", "")
    if found.partition(";")[0].strip().lower() != content_type:
        raise RefusedError(415, Errors.L641.format(found=found[:_SHOWN] or "of no type", expected=content_type))
    if int(request.headers.get("content-length", 0)) > settings.max_bytes:
        raise _too_large("bytes", settings.max_bytes, "--max-characters")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > settings.max_bytes:
            raise _too_large("bytes", settings.max_bytes, "--max-characters")
    return bytes(body)


def given_as_json(body: bytes, settings: Settings) -> Given:
    """Read ``{"text", "id"}`` or ``{"texts", "ids"}``; ids that are not given are the places in the list, from "0".

    Raises RefusedError: 422 (L643) for anything else, 413 (L642) for too many texts or characters.
    """
    try:
        data = json_object(body.decode("utf8"))
        is_list = "texts" in data
        if is_list == ("text" in data):
            raise ValueError('it needs either "text" or "texts".')
        texts = _strings(data.pop("texts"), "texts") if is_list else _strings([data.pop("text")], "text")
        name = "ids" if is_list else "id"
        ids = data.pop(name, [*map(str, range(len(texts)))] if is_list else "0")
        ids = _strings(ids if is_list else [ids], name)
        if len(ids) != len(texts):
            raise ValueError(f"there are {len(texts)} texts and {len(ids)} ids.")
        if data:
            raise ValueError(f"nothing is known of {next(iter(data))[:_SHOWN]!r} in it.")
    except ValueError as error:
        raise _no_request(error) from None
    return _within_limits(Given([*zip(ids, texts)], is_list), settings)


def given_as_form(body: bytes, settings: Settings) -> Given:
    """Read the field ``text`` that the page sends; the line ends of forms become those of texts.

    Raises RefusedError as ``given_as_json`` does.
    """
    try:
        fields = parse_qs(body.decode("utf8"), keep_blank_values=True, errors="strict", max_num_fields=2)
    except ValueError as error:
        raise _no_request(error) from None
    if [len(values) for values in fields.values()] != [1] or "text" not in fields:
        raise _no_request('a form needs the field "text", once and alone.')
    [text] = fields["text"]
    return _within_limits(Given([("0", text.replace("\r\n", "\n"))], False), settings)


def _strings(values: Any, name: str) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f'"{name}" must be {"a list of strings" if name.endswith("s") else "a string"}.')
    return values


def _within_limits(given: Given, settings: Settings) -> Given:
    if len(given.texts) > settings.max_texts:
        raise _too_large("texts", settings.max_texts, "--max-texts")
    if sum(len(text) for _, text in given.texts) > settings.max_characters:
        raise _too_large("characters", settings.max_characters, "--max-characters")
    return given


def _no_request(problem: object) -> RefusedError:
    said = str(problem)
    return RefusedError(422, Errors.L643.format(problem=said if said.endswith(".") else f"{said}."))


def _too_large(what: str, limit: int, option: str) -> RefusedError:
    return RefusedError(413, Errors.L642.format(what=what, limit=f"{limit:,}", option=option))
