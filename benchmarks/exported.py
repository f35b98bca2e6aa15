"""Compare the logits of pretrained weights in plain transformers of this environment and of one with another version.

    python -m benchmarks.exported spacy_litbert/bundled/litbert-oa-small --other PYTHON

PYTHON: an interpreter with torch and the other transformers (5.x beside 4.53); it needs nothing of this package.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

TEXTS = [
    "Lithium carbonate toxicity was seen in 2 of 14 patients (0.8±0.2 mmol/l).",
    "α-synuclein [MASK] in ♂ mice at ≥ 37 °C → dopaminergic neurons were lost.",
    "BRCA1-deficient cells. " * 60,
]


def write_logits(folder: str, output: str) -> None:
    """Write masked-LM and next-sentence logits of the texts, as plain transformers gives them, and its version."""
    import torch
    import transformers
    from safetensors.torch import save_file

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.BertForPreTraining.from_pretrained(folder).float().eval()
    inputs = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        outputs = model(**inputs)
    logits = {"ids": inputs["input_ids"], "masked": outputs.prediction_logits, "next": outputs.seq_relationship_logits}
    logits["masked"] = logits["masked"] * inputs["attention_mask"][..., None]  # padding means nothing
    save_file(logits, output, metadata={"transformers": transformers.__version__})


def main(folder: Path, other: str) -> None:
    from safetensors import safe_open
    from safetensors.torch import load_file

    from .record import write

    with tempfile.TemporaryDirectory() as scratch:
        found, versions = [], []
        for i, python in enumerate((sys.executable, other)):
            output = Path(scratch) / f"{i}.safetensors"
            subprocess.run([python, __file__, str(folder), "--logits", str(output)], check=True)
            found.append(load_file(output))
            with safe_open(output, "pt") as file:
                versions.append(file.metadata()["transformers"])
    here, there = found
    if not here["ids"].equal(there["ids"]):
        raise SystemExit("the two versions cut the texts into different wordpieces")
    differences = {name: float((here[name] - there[name]).abs().max()) for name in ("masked", "next")}
    write("exported", {"weights": folder.name, "transformers": versions, "largest_difference_of_logits": differences})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--other", help="interpreter with another transformers")
    where.add_argument("--logits", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.logits:
        write_logits(str(arguments.folder), arguments.logits)
    else:
        main(arguments.folder, arguments.other)
