"""Type aliases that let signatures read as sentences (numpy only: pretraining has no spaCy)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.integer[Any]]
BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.floating[Any]]

Boundaries = Literal["token", "sentence"]
Backend = Literal["torch", "onnx"]
Precision = Literal["float32", "bfloat16", "float16", "int8"]
FolderStorage = Literal["float32", "float16"]  # of weights that transformers reads as well
Storage = Literal["float32", "float16", "int8"]
