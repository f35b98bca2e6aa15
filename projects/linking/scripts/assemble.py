"""Put a recognizer, the trained linker and its knowledge base together: the folder that is packaged.

Its meta.json has the figures of the whole pipeline and how they came about; LICENSES_SOURCES says what it is made of
and under which terms.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import spacy
import srsly
from end_to_end import checksum_of
from spacy.language import Language

from spacy_litbert.command_line import errors_in_one_line
from spacy_litbert.errors import Errors, LitBertError
from spacy_litbert.files import read_json, replacing_folder
from spacy_litbert.packaging import add_licence, set_requirements
from spacy_litbert.targets import check_target, mark_pipeline, pipeline_made_by
from spacy_litbert.workflow.records import read_record

_SOURCES = "LICENSES_SOURCES"


def assemble(ner: str, linker: Path, scores: Path, output: Path, *, corpora: Path, name: str, version: str) -> None:
    """Write the pipeline of ``ner`` with the linker behind it to ``output``.

    ner: an installed pipeline or a folder, the one that the ``scores`` (of end_to_end.py) are of.
    linker: the pipeline with the trained linker and its knowledge base.
    corpora: JSON with what is known of each corpus.

    Raises LitBertError L218 if ``output`` is anything but an earlier such folder, L529 if the linker has another
    knowledge base than the scores are of, L533 if they are of another recognizer.
    """
    check_target(
        output, sources=[linker, scores], made=pipeline_made_by("assemble"), what="assembled pipeline", option=None
    )
    results = read_json(scores)
    nlp = spacy.load(ner)
    found = "{lang}_{name} {version}".format(**nlp.meta)
    if found != results["ner"]:
        problem = f"it is {found}, and {scores} has the figures of {results['ner']}"
        raise LitBertError(Errors.L533.format(name="ner", value=ner, problem=problem))
    if "ner_sha256" in results and results["ner_sha256"] != checksum_of(nlp):
        problem = f"it is another one than when {scores} was made. Run `end-to-end` again, with --force"
        raise LitBertError(Errors.L533.format(name="ner", value=ner, problem=problem))
    recognizer = dict(nlp.meta)
    pipe: Any = nlp.add_pipe("litbert_linker", source=spacy.load(linker))
    expected = results["knowledge_base"]["checksum"]
    if pipe.kb.checksum != expected:
        raise LitBertError(Errors.L529.format(path=pipe.kb.path, found=pipe.kb.checksum[:12], expected=expected[:12]))
    nlp.meta.update({"name": name, "version": version, **_meta(recognizer, pipe.kb.metadata, results, corpora)})
    set_requirements(nlp.meta, onnx=_uses_onnx(recognizer))
    mark_pipeline(nlp.meta, "assemble")
    with replacing_folder(output) as partial:
        nlp.to_disk(partial)
        srsly.write_json(partial / "meta.json", nlp.meta)
        add_licence(partial, nlp.meta, nlp.path)
        (partial / _SOURCES).write_text(_sources(nlp, recognizer), encoding="utf8")


def _meta(recognizer: dict[str, Any], kb: dict[str, Any], results: dict[str, Any], corpora: Path) -> dict[str, Any]:
    corpus = read_record(corpora, results["corpus"])
    title = corpus.get("title", results["corpus"])
    learned_from = {
        "name": f"Links: {title}",
        "url": corpus.get("url", ""),
        "author": corpus.get("reference", ""),
        "license": corpus.get("terms", ""),
    }
    vocabulary = {
        "name": f"Vocabulary: {kb['name']} {kb['version']}".rstrip(),
        "url": corpus.get("vocabulary", ""),
        "author": "; ".join(f"{one['file']} (SHA-256 {one['sha256']})" for one in kb["sources"] if "file" in one),
        "license": kb["licence"],
    }
    if results["more_sha256"]:
        learned_from["name"] += (
            f", and a second corpus (SHA-256 {results['more_sha256']}), such as `kb abbreviations` makes"
        )
    encoder = results["name_encoder"]
    compared = (
        []
        if encoder is None
        else [
            {
                "name": f"Names are compared by: {encoder['name']}",
                "url": "",
                "author": "; ".join(f"{file} (SHA-256 {digest})" for file, digest in encoder["files"].items()),
                "license": encoder["license"] or "not said",
            }
        ]
    )
    described = recognizer.get("description", "").rstrip(".") or "Mentions in text"
    return {
        "description": (
            f"{described}. Linked to {kb['counts']['concepts']:,} concepts of "
            f"{kb['name']}; the linker was trained on {title}."
        ),
        "notes": (
            f"{recognizer.get('notes', '')} The knowledge base is {kb['name']} {kb['version'] or 'without a version'} "
            f"of {kb['date']} (checksum {kb['checksum']}). `linker.set_kb`, or `components.litbert_linker.kb` at load, "
            "sets another one."
        ).lstrip(),
        "sources": [*recognizer.get("sources", []), learned_from, vocabulary, *compared],
        "performance": {**results, "recognizer": recognizer.get("performance", {})},
    }


def _sources(nlp: Language, recognizer: dict[str, Any]) -> str:
    """Return what the recognizer says of its sources, and the linker's after it."""
    own = nlp.path / _SOURCES if nlp.path is not None else None
    lines = [own.read_text("utf8").rstrip(), ""] if own is not None and own.is_file() else []
    for source in nlp.meta["sources"][len(recognizer.get("sources", [])) :]:
        lines += [f"{source['name']} ({source['author']}). {source['url']} {source['license']}".rstrip(), ""]
    if notice := (nlp.meta["performance"]["name_encoder"] or {}).get("notice"):
        lines += [notice.rstrip(), ""]
    return "\n".join(lines)


def _uses_onnx(recognizer: dict[str, Any]) -> bool:
    return any("[onnx]" in one for one in recognizer.get("requirements", []))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ner", help="an installed pipeline, or a folder, that finds mentions")
    parser.add_argument("linker", type=Path, help="the pipeline that end_to_end.py saved")
    parser.add_argument("scores", type=Path, help="the figures that end_to_end.py wrote")
    parser.add_argument("output", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--corpora", type=Path, default=Path("corpora.json"), help="what is known of each corpus")
    arguments = parser.parse_args()
    with errors_in_one_line():
        assemble(**vars(arguments))
