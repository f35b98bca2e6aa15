"""Store a trained pipeline's encoder in half or a quarter of the size, ready to be scored and packaged.

What ``litbert_ner`` says of its confidence is fitted then, to the weights that are stored.

It computes in float32, however it was trained: exact, and fast enough on any machine. Whoever loads it can choose
otherwise: ``spacy.load(name, config={"components.transformer.model.precision": "bfloat16"})``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ..command_line import errors_in_one_line
from ..files import check_file, replacing_folder
from ..models.torch_shim import round_to
from ..ner.pipeline import calibrate_pipeline
from ..pipelines import load_with, pipeline_folder
from ..targets import check_target, mark_pipeline, pipeline_made_by
from ..types import Storage


def store(model: Path, output: Path, storage: Storage = "float16", *, dev: Path | None = None) -> None:
    """Write the pipeline ``model`` to ``output`` with its encoder's weights so; what is not LitBERT's stays as it is.

    dev: gold texts (``.spacy``) to fit the confidences and thresholds of each ``litbert_ner`` to, if there is one.

    Raises LitBertError L218 if ``output`` is anything but an earlier copy, or holds ``model``; L224 without ``dev``.
    """
    if dev is not None:
        check_file(dev)
    made = pipeline_made_by("store")
    check_target(output, sources=[pipeline_folder(model)], made=made, what="stored pipeline", option=None)
    nlp, encoders = load_with(model, storage=storage, precision="float32")
    for name in encoders:
        round_to(nlp.get_pipe(name).model, storage)  # type: ignore[attr-defined]
    if dev is not None:
        calibrate_pipeline(nlp, dev, progress=True)
    mark_pipeline(nlp.meta, "store")
    with replacing_folder(output) as partial:
        nlp.to_disk(partial)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--storage", choices=("float32", "float16", "int8"), default="float16")
    parser.add_argument("--calibrate", type=Path, metavar="DEV", help="gold texts (.spacy) to fit confidences to")
    arguments = parser.parse_args()
    with errors_in_one_line():
        store(arguments.model, arguments.output, arguments.storage, dev=arguments.calibrate)
