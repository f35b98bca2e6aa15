"""A trained pipeline → the folder to package: its meta.json says what it is, its config where nothing lies.

Training leaves paths of this machine in config.cfg; a packaged pipeline needs none of them.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

import srsly
from spacy.util import load_config

from .records import read_record


def label(model: Path, scores: Path, output: Path, *, corpora: Path, name: str, version: str, description: str) -> None:
    """Copy ``model`` to ``output`` with the test ``scores`` (JSON with a ``protocol``) in its meta.json.

    corpora: JSON with what is known of each corpus: title, reference, url, terms.
    """
    shutil.rmtree(output, ignore_errors=True)
    shutil.copytree(model, output)
    results = srsly.read_json(scores)
    meta = srsly.read_json(model / "meta.json")
    meta.update({"name": name, "version": version, **_meta(results, corpora, description)})
    srsly.write_json(output / "meta.json", meta)
    config = load_config(output / "config.cfg")
    config["paths"].update(train=None, dev=None, weights=results["protocol"]["weights"])
    config.to_disk(output / "config.cfg")


def _meta(results: dict[str, Any], corpora: Path, description: str) -> dict[str, Any]:
    protocol = results["protocol"]
    corpus = read_record(corpora, protocol["corpus"])
    title = corpus.get("title", protocol["corpus"])
    return {
        "license": "MIT",
        "description": f"{description.rstrip('.')}. Trained on {title}.",
        "notes": (
            f"Begun from the weights {protocol['weights']} (SHA-256 {protocol['weights_sha256']}), of which their card "
            f"says: {protocol['weights_card']} The figures are for the {protocol['split']} split; how they were "
            "measured is in `performance.protocol` of meta.json. Not for clinical decisions."
        ),
        "sources": [
            {
                "name": title,
                "url": corpus.get("url", ""),
                "author": corpus.get("reference", ""),
                "license": corpus.get("terms", ""),
            }
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
    label(**vars(parser.parse_args()))
