"""The device that spaCy computes on."""

from __future__ import annotations

import spacy

from .errors import Errors, LitBertError


def use_gpu(gpu_id: int) -> None:
    """Let what this thread does from now on with spaCy be done on a GPU, as ``spacy train --gpu-id`` does.

    gpu_id: the number of the GPU; -1 changes nothing, so that it is the CPU unless the program chose a GPU itself.

    Raises LitBertError L006 if there is no such GPU, or spaCy can't use it.
    """
    if gpu_id < 0:
        return
    try:
        spacy.require_gpu(gpu_id)
    except Exception as error:  # ValueError of thinc, and CuPy's own for a number too high
        raise LitBertError(Errors.L006.format(gpu_id=gpu_id, reason=str(error).rstrip("."))) from error
