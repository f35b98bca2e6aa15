"""One thread that annotates: the requests of all clients wait in one queue and share batches.

spaCy's memory zones free after each batch what its texts left in the vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from queue import Empty, Full, Queue
from threading import Thread

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import Errors, LitBertError
from ..pipelines import annotate_texts
from .answers import answer
from .refusals import RefusedError
from .settings import Settings

Answer = bytes | LitBertError
_AGAIN = 1  # seconds
_END = 5  # seconds that a batch which nobody waits for may take at the end


class _Request:
    """Texts with ids, their answers so far, and the promise of all."""

    def __init__(self, texts: Sequence[tuple[str, str]]) -> None:
        self.texts = texts
        self.answers: list[Answer] = []
        self.future: Future[list[Answer]] = Future()


# A text to annotate: its request, and its place there.
_Place = tuple[_Request, int]


class Worker:
    """Annotates texts in a thread of its own. Nothing else may use the pipeline meanwhile."""

    def __init__(self, nlp: Language, settings: Settings) -> None:
        self._nlp = nlp
        self._settings = settings
        self._queue: Queue[_Request | None] = Queue(settings.queue)
        self._context = copy_context()  # with the device that spaCy computes on here, which it keeps apart for threads
        self._thread: Thread | None = None

    @property
    def n_waiting(self) -> int:
        """The number of requests that wait."""
        return self._queue.qsize()

    @property
    def is_alive(self) -> bool:
        """Whether anything is annotated."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin to annotate, for the first time or again."""
        self._thread = Thread(target=self._context.copy().run, args=(self._run,), name="annotate", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Annotate what waits, and end."""
        if self._thread is None:
            return
        with suppress(Full):
            self._queue.put_nowait(None)
        self._thread.join(_END)

    def submit(self, texts: Sequence[tuple[str, str]]) -> Future[list[Answer]]:
        """Put a request's texts, with their ids first, into the queue; return the promise of their answers.

        The answers lie in the order of the texts: JSON, or the error of a text that the pipeline can't annotate. A
        promise that is cancelled spares the texts that no batch has yet.

        Raises RefusedError 503: L644 if the queue is full, L648 if nothing is annotated any more.
        """
        if not self.is_alive:
            raise RefusedError(503, Errors.L648)
        request = _Request(texts)
        if not texts:
            request.future.set_result([])
            return request.future
        try:
            self._queue.put_nowait(request)
        except Full:
            raise RefusedError(503, Errors.L644.format(n=self._settings.queue), retry_after=_AGAIN) from None
        return request.future

    def _run(self) -> None:
        for batch in self._batches():
            for (request, _), one in zip(batch, self._annotate(batch)):
                request.answers.append(one)
                if len(request.answers) == len(request.texts) and request.future.set_running_or_notify_cancel():
                    request.future.set_result(request.answers)

    def _batches(self) -> Iterator[list[_Place]]:
        """Yield what waits, in its order; a batch that is not full does not wait for more."""
        batch: list[_Place] = []
        n_characters = 0
        while True:
            try:
                request = self._queue.get(block=not batch)
            except Empty:
                yield batch
                batch, n_characters = [], 0
                continue
            if request is None:
                break
            for place, (_, text) in enumerate(request.texts):
                is_full = len(batch) == self._settings.batch_size
                if is_full or (batch and n_characters + len(text) > self._settings.max_characters):
                    yield batch
                    batch, n_characters = [], 0
                if request.future.cancelled():
                    break
                batch.append((request, place))
                n_characters += len(text)
        if batch:
            yield batch

    def _annotate(self, batch: list[_Place]) -> list[Answer]:
        given = [request.texts[place] for request, place in batch]
        with self._nlp.memory_zone():
            docs = annotate_texts(self._nlp, [text for _, text in given])
            return [_answer(doc, text_id) for doc, (text_id, _) in zip(docs, given)]


def _answer(doc: Doc | Exception, text_id: str) -> Answer:
    try:
        if isinstance(doc, Exception):
            raise doc
        return answer(doc, text_id)
    except LitBertError as error:
        return LitBertError(str(error))  # without the Doc that its traceback holds
    except Exception as error:  # whatever a component makes of a text
        return LitBertError(Errors.L646.format(reason=f"{type(error).__name__}: {error}"))
