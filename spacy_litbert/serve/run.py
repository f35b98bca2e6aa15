"""Serve a pipeline until the process is told to stop."""

from __future__ import annotations

import signal
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from spacy.language import Language
from wasabi import msg

from ..errors import Errors, LitBertError
from ..gpu import use_gpu
from ..pipelines import load_pipeline
from .settings import Settings

if TYPE_CHECKING:
    import uvicorn

_ANSWERING = 5  # seconds beyond the time-out in which the last answers must have reached their clients


def serve(
    pipeline: str | Path, settings: Settings, *, host: str = "127.0.0.1", port: int = 8000, gpu_id: int = -1
) -> None:
    """Serve a pipeline until SIGTERM or Ctrl-C; what was accepted by then is answered, and nothing new accepted.

    pipeline: an installed package or a folder.
    host: the address to listen on; only this machine reaches 127.0.0.1.
    port: 0 for one that is free. The address is printed.
    gpu_id: as of ``use_gpu``.

    Raises LitBertError L625 without FastAPI and uvicorn, L647 if there is no listening there, L006 without the GPU,
    L340 or L341 for a pipeline that can't be loaded.
    """
    for package in ("fastapi", "uvicorn"):
        if find_spec(package) is None:
            raise LitBertError(Errors.L625.format(package=package, extra="serve"))
    from .app import pipeline_name

    with _listening(host, port) as listening:
        use_gpu(gpu_id)
        nlp = load_pipeline(pipeline)
        server = make_server(nlp, settings)

        def stop(*_: object) -> None:
            server.should_exit = True

        # uvicorn has handlers of its own while it runs, and raises the signals again when it has stopped.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        shown = f"[{host}]" if ":" in host else host
        msg.good(f"http://{shown}:{listening.getsockname()[1]} annotates with {pipeline_name(nlp)}")
        sys.stdout.flush()
        server.run(sockets=[listening])
        msg.good("Stopped")


def make_server(nlp: Language, settings: Settings) -> uvicorn.Server:
    """Make the server of a pipeline, alike whatever else is installed that uvicorn would use."""
    import uvicorn

    from .app import make_app

    config = uvicorn.Config(
        make_app(nlp, settings),
        http="h11",
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=settings.timeout + _ANSWERING,
    )
    return uvicorn.Server(config)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise LitBertError(Errors.L647.format(host=host, port=port, reason=reason.rstrip("."))) from None
