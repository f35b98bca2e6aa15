"""What is answered where: the application that uvicorn, or any other ASGI server, runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from spacy.language import Language
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ..about import __version__
from ..errors import Errors, LitBertError
from .answers import encoded
from .body import FORM, JSON, Given, given_as_form, given_as_json, read_body
from .colors import mention_labels
from .page import HEADERS, description_page, document_html, problem_html, start_page
from .refusals import RefusedError, problem_of_error
from .schema import ANSWERS, REQUEST
from .settings import Settings
from .worker import Answer, Worker

_PLACES = "POST /annotate, GET /labels, GET /health, GET /docs, GET /openapi.json, GET /"


def pipeline_name(nlp: Language) -> str:
    """Return name and version of a pipeline, as its package has them."""
    return f"{nlp.meta['lang']}_{nlp.meta['name']} {nlp.meta['version']}"


def make_app(nlp: Language, settings: Settings) -> FastAPI:
    """Make the application. It annotates from its startup to its shutdown; the pipeline is its own as long."""
    worker = Worker(nlp, settings)
    name = pipeline_name(nlp)
    shown_labels = mention_labels(nlp)
    labels = encoded(
        {
            "pipeline": {key: nlp.meta[key] for key in ("lang", "name", "version")},
            "components": {pipe: [*map(str, nlp.pipe_labels.get(pipe, ()))] for pipe in nlp.pipe_names},
        }
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        worker.start()
        yield
        worker.stop()

    # FastAPI's own pages load scripts from elsewhere.
    app = FastAPI(
        title=name, version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=lifespan
    )

    async def annotated(
        request: Request, content_type: str, read: Callable[[bytes, Settings], Given]
    ) -> tuple[Given, list[Answer]]:
        async def work() -> tuple[Given, list[Answer]]:
            given = read(await read_body(request, content_type, settings), settings)
            return given, await asyncio.wrap_future(worker.submit(given.texts))

        try:
            return await asyncio.wait_for(work(), settings.timeout)
        except asyncio.TimeoutError:
            raise RefusedError(504, Errors.L645.format(timeout=settings.timeout)) from None

    @app.post("/annotate", responses=ANSWERS, openapi_extra=REQUEST)
    async def annotate(request: Request) -> Response:
        """Annotate a text, or several."""
        given, answers = await annotated(request, JSON, given_as_json)
        if given.is_list:
            documents = [_document(text_id, one) for (text_id, _), one in zip(given.texts, answers)]
            return _json(b'{"documents": [' + b", ".join(documents) + b"]}")
        return _json(_only(answers))

    @app.get("/labels")
    async def show_labels() -> Response:
        """Name the pipeline and the labels of its components."""
        return _json(labels)

    @app.get("/health")
    async def health() -> Response:
        """Say whether texts are annotated, and how many requests are waiting."""
        if not worker.is_alive:
            raise RefusedError(503, Errors.L648)
        return _json(encoded({"status": "ok", "pipeline": name, "waiting": worker.n_waiting}))

    @app.get("/docs", include_in_schema=False)
    async def description() -> Response:
        return _html(description_page(name, app.openapi()))

    @app.get("/", include_in_schema=False)
    async def start() -> Response:
        return _html(start_page(name))

    @app.post("/", include_in_schema=False)
    async def annotate_on_page(request: Request) -> Response:
        text, status = "", 200
        try:
            given, answers = await annotated(request, FORM, given_as_form)
            [(_, text)] = given.texts
            found = document_html(json.loads(_only(answers)), shown_labels)
        except RefusedError as error:
            found, status = problem_html(problem_of_error(error)), error.status
        return _html(start_page(name, text, found), status)

    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(HTTPException, _not_here)
    app.add_exception_handler(ClientDisconnect, _gone)
    return app


def _only(answers: list[Answer]) -> bytes:
    [one] = answers
    if isinstance(one, LitBertError):
        raise RefusedError(422, str(one))
    return one


def _document(text_id: str, one: Answer) -> bytes:
    return encoded({"id": text_id, "error": problem_of_error(one)}) if isinstance(one, LitBertError) else one


def _json(content: bytes, status: int = 200, headers: Any = None) -> Response:
    return Response(content, status, headers, media_type=JSON)


def _html(page: str, status: int = 200) -> Response:
    return Response(page.encode("utf8", "backslashreplace"), status, HEADERS, media_type="text/html")


async def _refused(_: Request, error: Any) -> Response:
    headers = None if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return _json(encoded(problem_of_error(error)), error.status, headers)


async def _not_here(request: Request, error: Any) -> Response:
    message = Errors.L640.format(method=request.method, path=request.scope["path"], choices=_PLACES)
    return _json(encoded(problem_of_error(LitBertError(message))), error.status_code, error.headers)


async def _gone(_: Request, error: Exception) -> Response:
    return Response(status_code=400)  # which nobody reads
