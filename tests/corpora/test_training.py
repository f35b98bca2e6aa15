"""A config whose corpora are corpus files, trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from spacy.util import resolve_dot_names

from spacy_litbert.corpora import training
from spacy_litbert.corpora.docs import place
from spacy_litbert.corpora.document import Document, Mention
from spacy_litbert.corpora.training import build_bioc_reader_v1, build_brat_reader_v1, build_pubtator_reader_v1
from spacy_litbert.corpora.writers.iob import iob_block
from spacy_litbert.corpora.writers.outputs import OUTPUTS
from spacy_litbert.errors import LitBertError

CONFIG = {"nlp": {"tokenizer": {"@tokenizers": "spacy-litbert.BiomedicalTokenizer.v1"}}}
NLP = spacy.blank("en", config=CONFIG)
DOCUMENT = Document(
    "1", "On zinomycin. It caused fits .", (Mention(3, 12, "Drug", "MESH:C1"), Mention(24, 28, "Disease"))
)
FILES = {"jsonl": "a.jsonl", "pubtator": "a.txt", "bioc-xml": "a.xml", "bioc-json": "a.json", "brat": "folder"}
BUILDERS: dict[str, Any] = {
    "jsonl": training.build_jsonl_reader_v1,
    "pubtator": build_pubtator_reader_v1,
    "bioc-xml": build_bioc_reader_v1,
    "bioc-json": build_bioc_reader_v1,
    "brat": build_brat_reader_v1,
}


def written(name: str, folder: Path, document: Document = DOCUMENT) -> Path:
    OUTPUTS[name].write(folder / FILES[name], [OUTPUTS[name].encode(place(document, NLP.tokenizer).doc, None)])
    return folder / FILES[name]


def found(examples: list[Example]) -> list[tuple[str, str, str]]:
    return [(ent.text, ent.label_, ent.kb_id_) for example in examples for ent in example.reference.ents]


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_examples(tmp_path: Path, name: str) -> None:
    corpus = BUILDERS[name](written(name, tmp_path), {"Drug": "Chemical"})
    for _ in range(2):  # every epoch anew
        [example] = corpus(NLP)
        assert example.text == DOCUMENT.text
        assert not example.predicted.ents
        assert found([example]) == [("zinomycin", "Chemical", "MESH:C1"), ("fits", "Disease", "")]
        assert example.reference._.document_id == "1"


def test_tokens_are_examples(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text(iob_block(place(DOCUMENT, NLP.tokenizer).doc))
    [example] = training.build_iob_reader_v1(tmp_path / "a.tsv")(NLP)
    assert found([example]) == [("zinomycin", "Drug", ""), ("fits", "Disease", "")]


def test_mentions_off_the_tokens_are_missing_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("1|t|p70IkB\n1|a|rose.\n1\t0\t3\tp70\tX\n1\t7\t12\trose.\tX\n")
    with pytest.raises(LitBertError, match=r"L404.*50\.00 %.*⟦p70⟧"):
        list(build_pubtator_reader_v1(path)(NLP))
    [example] = build_pubtator_reader_v1(path, max_misaligned=100)(NLP)
    assert [token.ent_iob_ for token in example.reference] == ["", "B", "I"]


def test_a_file_without_documents_or_of_another_ending_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(LitBertError, match="L408"):
        list(build_pubtator_reader_v1(tmp_path / "a.txt")(NLP))
    with pytest.raises(LitBertError, match=r"L403.*\.xml, \.json"):
        build_bioc_reader_v1(tmp_path / "a.txt")


def test_a_config_names_a_file(tmp_path: Path) -> None:
    config = {
        "corpora": {
            "train": {
                "@readers": "spacy-litbert.PubTator.v1",
                "path": "${paths.train}",
                "labels": {"Drug": "Chemical"},
            },
            "dev": {"@readers": "spacy-litbert.BioC.v1", "path": str(written("bioc-xml", tmp_path))},
        },
        "paths": {"train": str(written("pubtator", tmp_path))},
    }
    for name, builder in (("PubTator", build_pubtator_reader_v1), ("BioC", build_bioc_reader_v1)):
        if f"spacy-litbert.{name}.v1" not in spacy.registry.readers:
            spacy.registry.readers.register(f"spacy-litbert.{name}.v1", func=builder)
    nlp = spacy.blank("en", config={**CONFIG, **config})
    train, dev = resolve_dot_names(nlp.config.interpolate(), ["corpora.train", "corpora.dev"])
    assert found(list(dev(nlp)))[0][1] == "Drug"
    assert found(list(train(nlp)))[0][1] == "Chemical"
    _trained(nlp, list(train(nlp)))


def _trained(nlp: Language, examples: list[Example]) -> None:
    nlp.add_pipe("ner")
    optimizer = nlp.initialize(lambda: examples)
    losses = [nlp.update(examples, sgd=optimizer)["ner"] for _ in range(20)]
    assert losses[-1] < losses[0]
