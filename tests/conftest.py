"""What several tests share: toy vocabularies and pipelines of a few kB, made here."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any

# transformers imports TensorFlow wherever it is installed; only the tests of conversion need it, and do so themselves.
os.environ.setdefault("USE_TF", "0")

import pytest
import spacy
import torch
from safetensors.torch import save_file
from spacy.language import Language
from spacy.training import Example
from transformers import BertConfig, BertModel

from spacy_litbert.tokenization.vocabulary import SPECIAL_TOKENS, Vocabulary

LISTENER = {"@architectures": "spacy-litbert.LitBertListener.v1", "pooling": {"@layers": "reduce_mean.v1"}}
STOCK_LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "pooling": {"@layers": "reduce_mean.v1"},
}
TEXTS = [
    "Lithium carbonate toxicity in a newborn infant.",
    "Patients with α-synuclein aggregates received 10mg of levodopa (p<0.05).",
    "IL-2-mediated growth of ♂ mice was ≥2-fold after naloxone.",
    "Aspirin caused gastric ulcers; ibuprofen did not.",
]
ENTITIES: list[dict[str, Any]] = [
    {"entities": [(0, 17, "Chemical"), (18, 26, "Disease")]},
    {"entities": [(54, 62, "Chemical")]},
    {"entities": [(49, 57, "Chemical")]},
    {"entities": [(0, 7, "Chemical"), (15, 29, "Disease"), (31, 40, "Chemical")]},
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, whole projects, so that no worker waits for another's last file."""
    items.sort(key=lambda item: item.path.parent.name != "workflow" and item.path.name != "test_project.py")


def load_script(path: Path) -> ModuleType:
    """Load a project's script as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def toy_tokens() -> list[str]:
    """Every printable ASCII character and some words: enough to cut any English text."""
    characters = [chr(i) for i in range(33, 127)] + list("αβ≥±µ→♂")
    words = ["Lithium", "in", "the", "with", "##ing", "##ium", "##in", "toxic", "##ity", "syn", "##ucle"]
    continued = ["##" + c for c in characters if c.isalnum()]
    return [*SPECIAL_TOKENS, *characters, *continued, *words]


def write_checkpoint(folder: Path, *, limit: int = 64, pooler: bool = True, **config: Any) -> Path:
    """A folder as transformers saves BERT: 2 layers of width 32, a toy vocabulary, seeded weights."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens = toy_tokens()
    settings = {
        "vocab_size": len(tokens),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": limit,
        **config,
    }
    torch.manual_seed(0)
    bert = BertModel(BertConfig(**settings), add_pooling_layer=pooler)
    bert.config.to_json_file(folder / "config.json")
    weights = {key: value.contiguous() for key, value in bert.state_dict().items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": False}), encoding="utf8")
    return folder


def ner_config(listener: dict[str, Any]) -> dict[str, Any]:
    return {
        "model": {
            "@architectures": "spacy.TransitionBasedParser.v2",
            "state_type": "ner",
            "extra_state_tokens": False,
            "hidden_width": 32,
            "maxout_pieces": 2,
            "use_upper": False,
            "tok2vec": listener,
        }
    }


def examples_for(nlp: Language) -> list[Example]:
    return [Example.from_dict(nlp.make_doc(text), gold) for text, gold in zip(TEXTS, ENTITIES)]


def build_ner(checkpoint: Path, listener: dict[str, Any] = LISTENER, *, steps: int = 0, **model: Any) -> Language:
    """A transformer + ner pipeline on the toy checkpoint, trained for some steps."""
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    settings = {"@architectures": "spacy-litbert.LitBertModel.v1", "name": str(checkpoint), "overlap": 8, **model}
    nlp.add_pipe("transformer", config={"model": settings})
    nlp.add_pipe("ner", config=ner_config(listener))
    optimizer = nlp.initialize(lambda: examples_for(nlp))
    for _ in range(steps):
        nlp.update(examples_for(nlp), sgd=optimizer)
    return nlp


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint") / "toy")


@pytest.fixture(scope="session")
def vocabulary(checkpoint: Path) -> Vocabulary:
    return Vocabulary.from_folder(checkpoint)


@pytest.fixture
def ner(checkpoint: Path) -> Language:
    return build_ner(checkpoint, steps=3)
