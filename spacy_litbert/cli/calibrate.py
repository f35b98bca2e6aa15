"""``spacy litbert calibrate``: fit the confidences and thresholds of ``litbert_ner`` on a dev split."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer
from wasabi import msg

from ..errors import Errors, LitBertError
from ..files import check_file, replacing, replacing_folder
from ..gpu import use_gpu
from ..targets import check_new_file, check_target, mark_pipeline, pipeline_made_by

if TYPE_CHECKING:
    from ..ner.calibration import LabelCalibration
    from ..ner.pipeline import Calibrations

_COMMAND = "calibrate"


def calibrate_cli(
    pipeline: Annotated[str, typer.Argument(help="Installed package or folder of a trained pipeline")],
    dev: Annotated[Path, typer.Argument(help="Gold texts it was not trained on, as .spacy file")],
    output: Annotated[Path, typer.Argument(help="Folder for the calibrated pipeline")],
    precision: Annotated[
        Optional[float], typer.Option(help="Choose thresholds that keep most mentions with this precision")
    ] = None,
    recall: Annotated[Optional[float], typer.Option(help="Choose the highest thresholds with this recall")] = None,
    json: Annotated[Optional[Path], typer.Option("--json", help="File for what was fitted, as JSON")] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace an earlier one at OUTPUT")] = False,
    gpu_id: Annotated[int, typer.Option("--gpu-id", "-g", help="GPU, or -1 for the CPU")] = -1,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress")] = False,
) -> None:
    """Fit the confidences of litbert_ner, and its thresholds: for the best F1, or a precision or recall."""
    if json is not None:
        check_new_file(json, sources=[dev, Path(pipeline), output], option=None)
    use_gpu(gpu_id)
    fitted = calibrate(pipeline, dev, output, precision=precision, recall=recall, force=force, progress=not quiet)
    header = ("label", "gold", "found", "temperature", "ECE before", "ECE after", "threshold", "P", "R", "F1")
    for name, labels in fitted.items():
        msg.divider(name)
        msg.table([_row(label, one) for label, one in labels.items()], header=header, aligns=("l", *"r" * 9))
    if json is not None:
        _write(json, fitted)
    msg.good(f"{output}: {', '.join(fitted)} calibrated on {dev}")


def calibrate(
    pipeline: str | Path,
    dev: Path,
    output: Path,
    *,
    precision: float | None = None,
    recall: float | None = None,
    force: bool = False,
    progress: bool = False,
) -> Calibrations:
    """Write ``pipeline`` to ``output`` with each ``litbert_ner`` calibrated; return what was fitted, by component.

    dev: a ``.spacy`` file of gold texts that the pipeline was not trained on.
    precision, recall: as of ``LitBertNer.calibrate``. force: replace what is at ``output``, if it is an earlier one.

    Raises LitBertError L224 without ``dev``, L218 if ``output`` may not be replaced, L433 without a ``litbert_ner``,
    L340 or L341 if the pipeline is missing or damaged, and as ``LitBertNer.calibrate`` does.
    """
    from ..ner.calibration import Objective
    from ..ner.pipeline import calibrate_pipeline, recognizers
    from ..packaging import add_licence
    from ..pipelines import load_pipeline, pipeline_folder

    Objective(precision, recall)
    check_file(dev)
    output, source = Path(output), pipeline_folder(pipeline)
    option = None if force else "--force (force=True)"
    made = pipeline_made_by(_COMMAND)
    check_target(output, sources=[source, dev], made=made, what="calibrated pipeline", option=option)
    nlp = load_pipeline(pipeline)
    if not recognizers(nlp):
        raise LitBertError(Errors.L433.format(pipeline=pipeline, components=", ".join(nlp.component_names) or "none"))
    fitted = calibrate_pipeline(nlp, dev, precision=precision, recall=recall, progress=progress)
    mark_pipeline(nlp.meta, _COMMAND)
    with replacing_folder(output) as partial:
        nlp.to_disk(partial)
        add_licence(partial, nlp.meta, source)
    return fitted


def _row(label: str, one: LabelCalibration) -> tuple[str, ...]:
    figures = (one.temperature, one.ece_before, one.ece_after, one.threshold, one.precision, one.recall, one.f1)
    shown = ("–" if figure is None else f"{figure:.3f}" for figure in figures)
    return label, str(one.n_gold), str(one.n_found), *shown


def _write(path: Path, fitted: Calibrations) -> None:
    import srsly

    plain = {name: {label: one.to_dict() for label, one in labels.items()} for name, labels in fitted.items()}
    with replacing(path) as partial:
        srsly.write_json(partial, plain)
