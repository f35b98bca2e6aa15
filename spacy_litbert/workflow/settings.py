"""Check settings of a project that otherwise only its last steps, or other programs, would refuse."""

from __future__ import annotations

import argparse
import re
from typing import get_args

from ..command_line import errors_in_one_line
from ..errors import Errors, LitBertError
from ..gpu import use_gpu
from ..types import Storage


def check_settings(*, name: str | None = None, storage: str | None = None, gpu_id: int = -1) -> None:
    """Check the name of the package to be made, how its weights are to be stored, and the GPU that this machine has.

    Raises LitBertError L618 for a name that no package can have, L003 for another type of storage, L006 for a GPU that
    can't be used.
    """
    if name is not None and not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise LitBertError(Errors.L618.format(name=name))
    if storage is not None and storage not in get_args(Storage):
        raise LitBertError(Errors.L003.format(name="storage", value=storage, choices=", ".join(get_args(Storage))))
    use_gpu(gpu_id)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name")
    parser.add_argument("--storage")
    parser.add_argument("--gpu-id", type=int, default=-1)
    with errors_in_one_line():
        check_settings(**vars(parser.parse_args()))
