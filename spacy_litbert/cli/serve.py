"""``spacy litbert serve``: a pipeline behind HTTP, for programs in any language and for people with a browser."""

from __future__ import annotations

from typing import Annotated

import typer

from ..serve.settings import Settings

DEFAULTS = Settings()


def serve_cli(
    pipeline: Annotated[str, typer.Argument(help="Installed package or folder of a trained pipeline")],
    host: Annotated[str, typer.Option("--host", help="Address to listen on; 0.0.0.0 for all")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", "-p", help="Port to listen on; 0 for a free one")] = 8000,
    max_characters: Annotated[
        int, typer.Option("--max-characters", help="Characters of a request")
    ] = DEFAULTS.max_characters,
    max_texts: Annotated[int, typer.Option("--max-texts", help="Texts of a request")] = DEFAULTS.max_texts,
    timeout: Annotated[int, typer.Option("--timeout", help="Seconds until a request is given up")] = DEFAULTS.timeout,
    queue: Annotated[int, typer.Option("--queue", help="Requests that may wait")] = DEFAULTS.queue,
    batch_size: Annotated[int, typer.Option("--batch-size", help="Texts annotated at once")] = DEFAULTS.batch_size,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="GPU, or -1 for the CPU")] = -1,
) -> None:
    """Serve a pipeline over HTTP: POST /annotate for programs, a page for people. Ctrl-C or SIGTERM stops it."""
    settings = Settings(max_characters, max_texts, timeout, queue, batch_size)
    from ..serve.run import serve

    serve(pipeline, settings, host=host, port=port, gpu_id=gpu_id)
