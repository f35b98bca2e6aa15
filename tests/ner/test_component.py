"""``litbert_ner`` in spaCy's hands: training, annotation, storage, sourcing, processes, threads."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.pipeline.functions import merge_entities
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_litbert.cli.export import export
from spacy_litbert.errors import LitBertError
from spacy_litbert.ner.component import LitBertNer
from spacy_litbert.serve.answers import answer

from .conftest import CNN, GOLD, KEY, TEXTS, build, build_like, component, examples_for, gold_doc, mentions, results

ODD = ["", "   ", "\n\n", "  mice\n ", *TEXTS]


def test_it_learns_mentions_of_which_one_lies_in_another(trained: Language) -> None:
    for text, expected in GOLD:
        assert sorted(mentions(trained(text))) == sorted(expected)
    assert component(trained).labels == ("Chemical", "Disease", "Gene", "Species")
    scores = trained.evaluate(examples_for(trained))
    assert scores["spans_litbert_f"] == 1
    assert scores["ents_f"] is None  # the gold texts have spans only


def test_of_overlapping_mentions_the_surer_one_becomes_an_entity(trained: Language) -> None:
    doc = trained(TEXTS[1])
    pair = list(doc.spans[KEY])
    assert {span.text for span in pair} == {"human insulin receptor", "human"}
    assert list(doc.ents) == [max(pair, key=lambda span: span._.confidence)]


def test_every_mention_has_a_confidence_and_nothing_else_has(trained: Language) -> None:
    for doc in trained.pipe(ODD):
        scores = doc.spans[KEY].attrs["scores"]
        assert [span._.confidence for span in doc.spans[KEY]] == pytest.approx(scores.tolist())
        assert all(0 <= span._.confidence <= 1 for span in doc.ents)
        assert len(doc) == 0 or doc[0:1]._.confidence is None or doc[0:1] in list(doc.spans[KEY])


def test_confidences_survive_storage_of_docs(trained: Language) -> None:
    doc = trained(TEXTS[1])
    again = Doc(trained.vocab).from_bytes(doc.to_bytes())
    assert results(again) == results(doc)
    docbin = spacy.tokens.DocBin(docs=[doc])
    (again,) = spacy.tokens.DocBin().from_bytes(docbin.to_bytes()).get_docs(trained.vocab)
    assert results(again) == results(doc)


def test_the_confidence_is_found_in_groups_that_are_not_sorted(trained: Language) -> None:
    doc = trained(TEXTS[2])
    spans, scores = list(doc.spans[KEY]), doc.spans[KEY].attrs["scores"]
    doc.spans[KEY] = spacy.tokens.SpanGroup(doc, name=KEY, spans=spans[::-1], attrs={"scores": scores[::-1]})
    assert [span._.confidence for span in spans] == pytest.approx(scores.tolist())


def test_empty_texts_and_white_space_have_no_mentions(trained_listener: Language) -> None:
    for text in ("", " ", "\n \t\n" * 5):
        doc = trained_listener(text)
        assert len(doc.ents) == len(doc.spans[KEY]) == 0
    alone = [results(trained_listener(text)) for text in ODD]
    assert [results(doc) for doc in trained_listener.pipe(ODD)] == alone


def test_mentions_neither_begin_nor_end_with_white_space(trained: Language) -> None:
    doc = Doc(trained.vocab, words=["\n", "mice", "\n", "mice", "\n"])
    model = component(trained).model
    tags = [0, 1, 5] if model.attrs["n_tags"] == 3 else [0, 1, 5, 1, -5]
    scores = np.tile(np.array(tags * 4, dtype="f"), (5, 1))
    found = _with_scores(component(trained), [doc], scores)
    assert {(int(start), int(end)) for start, end in zip(found[0].starts, found[0].ends)} == {(1, 4)}
    assert component(trained).model is model


def test_predicting_leaves_docs_as_they_are(trained: Language) -> None:
    docs = [trained.make_doc(text) for text in ODD]
    before = [doc.to_bytes() for doc in docs]
    found = component(trained).predict(docs)
    assert [doc.to_bytes() for doc in docs] == before
    assert len(found) == len(docs)


def test_entities_that_are_there_stay_and_blocked_tokens_are_left_alone(trained: Language) -> None:
    doc = trained.make_doc(TEXTS[0])
    doc.set_ents([Span(doc, 0, 1, "Element")], blocked=[doc[2:3]], default="outside")
    doc = component(trained)(doc)
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("Lithium", "Element")]
    assert (doc[2].ent_iob, doc[2].ent_type) == (3, 0)
    assert mentions(doc) == GOLD[0][1]
    again = results(component(trained)(trained(TEXTS[2])))
    assert again == results(trained(TEXTS[2]))


def test_a_text_of_200_000_words(trained: Language) -> None:
    words = trained.make_doc(TEXTS[2])
    doc = Doc(trained.vocab, words=[token.text for token in words] * (200_000 // len(words)))
    doc = component(trained)(doc)
    inner = Counter(span.start // len(words) for span in doc.spans[KEY])
    assert set(list(inner.values())[1:-1]) == {2}  # each repetition has the same
    assert len(inner) == len(doc) // len(words)
    assert 0 < doc.spans[KEY][-1]._.confidence <= 1


def test_pipelines_survive_disk_and_bytes(trained_listener: Language, tmp_path: Path) -> None:
    cfg = component(trained_listener).cfg
    cfg.update(temperatures={"Gene": 2.0}, thresholds={"Species": 0.25})
    try:
        expected = [results(doc) for doc in trained_listener.pipe(TEXTS)]
        trained_listener.to_disk(tmp_path)
        again = spacy.load(tmp_path)
        bare = build_like(trained_listener).from_bytes(trained_listener.to_bytes())
        for nlp in (again, bare):
            assert component(nlp).cfg == cfg
            assert [results(doc) for doc in nlp.pipe(TEXTS)] == expected
    finally:
        cfg.update(temperatures={}, thresholds={})


def test_settings_given_when_it_is_loaded_count(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path)
    place = "components.litbert_ner."
    nlp = spacy.load(tmp_path, config={place + "spans_key": "mentions", place + "threshold": 1.0})
    assert len(nlp(TEXTS[0]).spans["mentions"]) == 0
    with pytest.raises(LitBertError, match=r"L422.*1\.5"):
        spacy.load(tmp_path, config={place + "threshold": 1.5})


def test_a_threshold_hides_what_is_less_sure(trained: Language) -> None:
    doc = trained(TEXTS[1])
    spans = list(doc.spans[KEY])
    least = min(spans, key=lambda span: span._.confidence)
    cfg = component(trained).cfg
    cfg["thresholds"] = {least.label_: least._.confidence}
    assert len(trained(TEXTS[1]).spans[KEY]) == len(spans)
    cfg["thresholds"] = {least.label_: min(1.0, least._.confidence + 1e-6)}
    assert len(trained(TEXTS[1]).spans[KEY]) == len(spans) - 1
    cfg["thresholds"] = {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"labels": ["Gene"]},
        {"labels": "Gene"},
        {"temperatures": {"Gene": 0}},
        {"thresholds": {"Gene": "much"}},
        {"thresholds": []},
        {"threshold": 7},
        {"threshold": "x"},
        {"labels": ["Chemical", "Disease", "Gene", 5]},
        {"labels": ["Chemical", "Disease", "Gene", "Gene"]},
    ],
)
def test_saved_settings_that_cannot_be_are_refused(trained: Language, wrong: dict[str, object]) -> None:
    nlp = build_like(trained).from_bytes(trained.to_bytes())
    component(nlp).cfg.update(wrong)
    data = component(nlp).to_bytes()
    with pytest.raises(LitBertError, match=r"L423.*litbert_ner"):
        component(build_like(trained)).from_bytes(data)


def test_a_damaged_model_is_refused(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path)
    path = tmp_path / "litbert_ner" / "model"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(LitBertError, match="L312"):
        spacy.load(tmp_path)


def test_it_can_be_sourced_with_its_encoder(trained_listener: Language) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", source=trained_listener)
    nlp.add_pipe("litbert_ner", source=trained_listener, name="mentions")
    assert [results(doc) for doc in nlp.pipe(TEXTS)] == [results(doc) for doc in trained_listener.pipe(TEXTS)]


def test_listeners_can_be_replaced(trained_listener: Language) -> None:
    nlp = build_like(trained_listener).from_bytes(trained_listener.to_bytes())
    nlp.replace_listeners("transformer", "litbert_ner", ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    assert [results(doc) for doc in nlp.pipe(TEXTS)] == [results(doc) for doc in trained_listener.pipe(TEXTS)]
    again = build_like(nlp).from_bytes(nlp.to_bytes())
    assert [results(doc) for doc in again.pipe(TEXTS)] == [results(doc) for doc in nlp.pipe(TEXTS)]


def test_it_trains_beside_stock_ner_on_one_encoder_and_with_a_frozen_one(checkpoint: Path) -> None:
    nlp = build(checkpoint)
    nlp.add_pipe("ner", config={"model": {"tok2vec": component_listener()}})
    gold = [
        Example.from_dict(nlp.make_doc(TEXTS[0]), {"entities": [(0, 17, "Chemical"), (18, 26, "Disease")]})
        for _ in range(2)
    ]
    optimizer = nlp.initialize(lambda: gold)
    losses = [nlp.update(gold, sgd=optimizer, drop=0.1) for _ in range(3)]
    assert losses[-1]["litbert_ner"] < losses[0]["litbert_ner"]
    with nlp.select_pipes(disable=["ner"]):
        encoder = nlp.get_pipe("transformer")
        before = encoder.model.to_bytes()
        for _ in range(2):
            nlp.update(gold, sgd=optimizer, exclude=["transformer"], annotates=["transformer"])
        assert encoder.model.to_bytes() == before


def component_listener() -> dict[str, object]:
    return {"@architectures": "spacy-litbert.LitBertListener.v1", "pooling": {"@layers": "reduce_mean.v1"}}


def test_labels_can_be_given(trained: Language) -> None:
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("litbert_ner", config={"model": {"tok2vec": CNN}})
    nlp.config["initialize"]["components"]["litbert_ner"] = {"labels": ["Variant", "Gene"]}
    nlp.initialize(lambda: examples_for(nlp))
    assert pipe.labels == ("Variant", "Gene")
    assert pipe.label_data == ["Variant", "Gene"]
    assert pipe.add_label("Gene") == 0
    with pytest.warns(
        UserWarning, match=r"W003.*Chemical, Disease, Species, and learns that there is no Variant, Gene"
    ):
        nlp.update(examples_for(nlp))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nlp.update(examples_for(nlp))  # said once
    pipe.cfg["thresholds"] = {"Gene": 0.5}
    nlp.initialize(lambda: examples_for(nlp))
    assert pipe.cfg["labels"] == ["Variant", "Gene"]
    assert pipe.cfg["temperatures"] == pipe.cfg["thresholds"] == {}


def test_without_labels_it_can_not_be_initialized() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("litbert_ner", config={"model": {"tok2vec": CNN}})
    with pytest.raises(LitBertError, match="L421"):
        nlp.initialize(lambda: [Example.from_dict(nlp.make_doc("a b"), {"entities": []})])


def test_sizes_can_not_be_changed_at_load(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path)
    with pytest.raises(LitBertError, match=r"L316.*dimension"):
        spacy.load(tmp_path, config={"components.litbert_ner.model.hidden_width": 7})


def test_one_that_is_not_initialized_says_so_and_can_be_beside_trained_ones(trained: Language) -> None:
    nlp = build()
    first = nlp.get_pipe("litbert_ner")
    second = nlp.add_pipe("litbert_ner", name="second", config={"model": {"tok2vec": CNN}, "spans_key": "second"})
    with pytest.raises(LitBertError, match=r"L436.*second is not initialized"):
        nlp("Aspirin.")
    with pytest.raises(LitBertError, match="L436"):
        nlp.update(examples_for(nlp))
    before = first.to_bytes()
    second.initialize(lambda: examples_for(nlp), nlp=nlp, labels=["Gene"])
    assert first.to_bytes() == before
    assert "second" in nlp("Aspirin.").spans


def test_batches_of_empty_texts_train_nothing(trained: Language) -> None:
    nlp = build()
    empty = Example(nlp.make_doc(""), nlp.make_doc(""))
    assert nlp.update([empty])["litbert_ner"] == 0
    nlp.update([empty, *examples_for(nlp)])


def test_threads_find_what_one_finds(trained_listener: Language) -> None:
    texts = TEXTS * 20
    expected = [results(trained_listener(text)) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: results(trained_listener(text)), texts)) == expected


SCRIPT = """
import sys
import spacy
from tests.ner.conftest import TEXTS, results
nlp = spacy.load(sys.argv[1])
assert "onnxruntime" not in sys.modules  # its thread would not survive a fork
one = [results(doc) for doc in nlp.pipe(TEXTS * 4)]
two = [results(doc) for doc in nlp.pipe(TEXTS * 4, n_process=2, batch_size=3)]
assert one == two and any(one)
"""


def test_two_processes_find_what_one_finds(trained_listener: Language, tmp_path: Path) -> None:
    trained_listener.to_disk(tmp_path)
    subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path)], check=True, timeout=300)


def _with_scores(pipe: LitBertNer, docs: list[Doc], scores: np.ndarray) -> list[object]:
    """Predict with these scores instead of the model's."""
    from thinc.api import Model
    from thinc.types import Ragged

    model = pipe.model
    lengths = np.array([len(doc) for doc in docs], dtype="i")
    pipe.model = Model("scores", lambda model, X, is_train: (Ragged(scores, lengths), lambda dY: dY))
    try:
        return pipe.predict(docs)
    finally:
        pipe.model = model


def test_an_exported_pipeline_finds_the_same(trained_listener: Language, tmp_path: Path) -> None:
    trained_listener.to_disk(tmp_path / "torch")
    export(tmp_path / "torch", tmp_path / "onnx", precision="float32")
    nlp = spacy.load(tmp_path / "onnx")
    for doc, other in zip(nlp.pipe(TEXTS), trained_listener.pipe(TEXTS)):
        assert mentions(doc) == mentions(other)
        assert doc.spans[KEY].attrs["scores"] == pytest.approx(other.spans[KEY].attrs["scores"], abs=1e-4)


def test_confidences_stay_with_their_mentions_where_tokens_are_merged(trained: Language) -> None:
    doc = trained(" ".join(TEXTS))
    expected = {(ent.start_char, ent.label_): ent._.confidence for ent in doc.ents}
    assert len(expected) > 2
    shown = json.loads(answer(doc, "0"))
    merge_entities(doc)
    assert {(ent.start_char, ent.label_): ent._.confidence for ent in doc.ents} == expected
    assert json.loads(answer(doc, "0")) == shown
    last = doc.ents[-1]
    last._.confidence = 0.5
    assert last._.confidence == 0.5


def test_a_confidence_that_is_set_counts(trained: Language) -> None:
    doc = trained(TEXTS[1])
    span = doc.ents[0]
    span._.confidence = 0.123
    assert doc.ents[0]._.confidence == 0.123
    other = Span(doc, span.start, span.end, "Other")
    assert other._.confidence is None
    other._.confidence = 0.4
    assert (other._.confidence, span._.confidence) == (0.4, 0.123)
    span._.confidence = None
    assert span._.confidence is None
    (again,) = spacy.tokens.DocBin(store_user_data=True, docs=[doc]).get_docs(trained.vocab)
    assert Span(again, span.start, span.end, "Other")._.confidence == 0.4
    assert trained(doc).ents[0]._.confidence > 0.123  # found anew


def test_two_recognizers_share_the_group(trained: Language) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("litbert_ner", source=trained)
    alone = nlp(TEXTS[0])
    model = {"@architectures": "spacy-litbert.LitBertNer.v1", "hidden_width": 8, "tok2vec": CNN}
    second = nlp.add_pipe("litbert_ner", name="second", config={"model": model})
    second.add_label("Dose")
    doc = gold_doc(nlp, TEXTS[0], [])
    doc.ents = [Span(doc, 0, 1, "Dose")]
    second.initialize(lambda: [Example(nlp.make_doc(TEXTS[0]), doc)])
    doc = nlp(TEXTS[0])
    assert alone.ents
    kept = [(ent.text, ent.label_, ent._.confidence) for ent in doc.ents if ent.label_ != "Dose"]
    assert kept == [(ent.text, ent.label_, ent._.confidence) for ent in alone.ents]


def test_a_threshold_that_a_program_sets_is_saved(trained: Language, tmp_path: Path) -> None:
    nlp = build_like(trained).from_bytes(trained.to_bytes())
    component(nlp).threshold = np.float32(0.9)
    nlp.to_disk(tmp_path)
    assert component(spacy.load(tmp_path)).threshold == pytest.approx(0.9)
    assert component(spacy.load(tmp_path, config={"components.litbert_ner.threshold": 0.2})).threshold == 0.2
    with pytest.raises(LitBertError, match="L422"):
        component(nlp).threshold = 2


def test_a_sourced_component_annotates_docs_of_another_vocabulary(trained: Language) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("litbert_ner", source=build_like(trained).from_bytes(trained.to_bytes()))
    component(nlp).add_label("Dosage9")
    bias = component(nlp).model.get_ref("output_layer").get_param("b")
    bias[-2] = 20.0  # begins, everywhere
    assert "Dosage9" in {ent.label_ for ent in nlp("Some aspirin.").ents}
