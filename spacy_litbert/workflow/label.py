"""Make the folder to package from a trained pipeline: its meta.json says what it is, its config names no paths.

Training leaves paths of this machine in config.cfg; a packaged pipeline needs none of them. What it learned from stands
in meta.json, and its config reads what whoever trains it further names: ``--paths.train`` and ``--paths.dev``.
"""

from __future__ import annotations

import argparse
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import srsly
from spacy.util import load_config, walk_dict

from ..checkpoints.sources import open_source
from ..command_line import errors_in_one_line
from ..errors import Errors, LitBertError
from ..files import read_json, replacing_folder
from ..packaging import SOURCES, add_licence, licence_in, set_requirements
from ..targets import check_target, mark_pipeline, pipeline_made_by
from .records import read_record

# spaCy's reader of one file, with its defaults.
_CORPUS = {"@readers": "spacy.Corpus.v1", "gold_preproc": False, "max_length": 0, "limit": 0, "augmenter": None}


def label(model: Path, scores: Path, output: Path, *, corpora: Path, name: str, version: str, description: str) -> None:
    """Copy ``model`` to ``output`` with the test ``scores`` (JSON with a ``protocol``) in its meta.json.

        Of a pipeline that learned from several corpora the protocol names all of them, as ``trained_on``.
    corpora: JSON with what is known of each corpus: title, reference, url, terms, and ``license`` if what is made of it
        must have that one, with the file of its text beside ``corpora`` as ``license_file``.

    Raises LitBertError L207 and L22x for what can't be read, L218 if ``output`` is anything but an earlier copy, or
    holds what is read.
    """
    sources = [model, scores, corpora]
    check_target(output, sources=sources, made=pipeline_made_by("label"), what="labelled pipeline", option=None)
    results = read_json(scores)
    if not isinstance(results.get("protocol"), dict):
        raise LitBertError(Errors.L207.format(path=scores, reason="it says nothing of a test's `protocol`"))
    meta = read_json(model / "meta.json")
    config = load_config(model / "config.cfg")
    meta.update({"name": name, "version": version, **_meta(results, corpora, description)})
    settings = walk_dict(config["components"])
    set_requirements(meta, onnx=any(path[-1] == "backend" and value == "onnx" for path, value in settings))
    mark_pipeline(meta, "label")
    named = config["paths"].get("weights")
    config["paths"].update(train=None, dev=None, weights=results["protocol"]["weights"])
    for split, reader in config["corpora"].items():
        if reader["@readers"] == "spacy-litbert.LabelledCorpora.v1":
            config["corpora"][split] = {**_CORPUS, "path": f"${{paths.{split}}}"}
            config["paths"].pop("corpora", None)
    with replacing_folder(output) as partial, open_source(named) if named is not None else nullcontext() as source:
        weights = None if source is None else source.folder
        shutil.copytree(model, partial, dirs_exist_ok=True)
        srsly.write_json(partial / "meta.json", meta)
        config.to_disk(partial / "config.cfg")
        own = meta["license"] == results["protocol"]["weights_license"]
        if (text := _text_of_licence(corpora, results["protocol"])) is not None:
            shutil.copyfile(text, partial / "LICENSE")
        else:
            add_licence(partial, meta, weights if own else None)
        (partial / SOURCES).write_text(_sources(meta, weights, own=own), encoding="utf8")


def _text_of_licence(corpora: Path, protocol: dict[str, Any]) -> Path | None:
    """Find the text of the licence that a corpus binds the pipeline to, where corpora.json names its file."""
    files = [read_record(corpora, name).get("license_file") for name in _trained_on(protocol)]
    return next((corpora.parent / file for file in files if file is not None), None)


def _trained_on(protocol: dict[str, Any]) -> list[str]:
    return list(protocol.get("trained_on", [protocol["corpus"]]))


def _sources(meta: dict[str, Any], weights: Path | None, *, own: bool) -> str:
    """Say what the pipeline was made of, and under which terms.

    weights: the folder that training started from; its NOTICE, if it has one, says what it owes to others.
    own: whether the pipeline is under its licence, whose text is beside it then; else it stands here.
    """
    protocol = meta["performance"]["protocol"]
    lines = [f"Weights: {protocol['weights']}, licence {protocol['weights_license']}. {protocol['weights_card']}", ""]
    if weights is not None and (weights / "NOTICE").is_file():
        lines += [(weights / "NOTICE").read_text("utf8").rstrip(), ""]
    for source in meta["sources"]:
        lines += [f"Trained on: {source['name']} ({source['author']}), {source['url']}. {source['license']}", ""]
    if weights is not None and not own and (text := licence_in(weights)) is not None:
        lines += ["The licence of the weights:", "", text.read_text("utf8").rstrip(), ""]
    return "\n".join(lines)


def _meta(results: dict[str, Any], corpora: Path, description: str) -> dict[str, Any]:
    protocol = results["protocol"]
    known = {name: read_record(corpora, name) for name in _trained_on(protocol)}
    titles = [record.get("title", name) for name, record in known.items()]
    licences = [record["license"] for record in known.values() if "license" in record]
    return {
        # A corpus may bind what is made of it; else the weights do.
        "license": licences[0] if licences else protocol["weights_license"],
        "description": f"{description.rstrip('.')}. Trained on {'; '.join(titles)}.",
        "notes": (
            f"Begun from the weights {protocol['weights']} (SHA-256 {protocol['weights_sha256']}), of which their card "
            f"says: {protocol['weights_card']} The figures are for the {protocol['split']} split; how they were "
            "measured is in `performance.protocol` of meta.json. Not for clinical decisions."
        ),
        "sources": [
            {
                "name": title,
                "url": record.get("url", ""),
                "author": record.get("reference", ""),
                "license": record.get("terms", ""),
            }
            for title, record in zip(titles, known.values())
        ],
        "performance": results,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("scores", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--corpora", type=Path, default=Path("corpora.json"), help="what is known of each corpus")
    parser.add_argument("--description", required=True, help="one sentence: what the pipeline is for")
    arguments = parser.parse_args()
    with errors_in_one_line():
        label(**vars(arguments))
