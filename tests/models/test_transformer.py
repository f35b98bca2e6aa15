"""The transformer's model and what it hands out: settings, windows, trf_data, errors."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy_transformers.data_classes import FullTransformerBatch, TransformerData
from spacy_transformers.span_getters import configure_strided_spans

from spacy_litbert.checkpoints.resolve import default_name
from spacy_litbert.errors import LitBertError
from spacy_litbert.models.seal import seal
from spacy_litbert.models.tok2vec import build_litbert_tok2vec_v1
from spacy_litbert.models.transformer import build_litbert_model_v1

from ..conftest import TEXTS, build_ner, toy_tokens, write_checkpoint

LONG = " ".join(TEXTS * 10)


def encoder(checkpoint, **settings):
    model = build_litbert_model_v1(str(checkpoint), **{"overlap": 8, **settings})
    model.initialize()
    return model


def make_docs(*texts: str) -> list[Doc]:
    nlp = spacy.blank("en")
    return [nlp.make_doc(text) for text in texts]


@pytest.mark.parametrize(
    "settings, code",
    [
        ({"precision": "int8"}, "L310"),
        ({"backend": "onnx", "precision": "bfloat16"}, "L310"),
        ({"backend": "jax"}, "L003"),
        ({"boundaries": "paragraph"}, "L003"),
        ({"storage": "int4"}, "L003"),
        ({"overlap": -1}, "L004"),
        ({"batch_wordpieces": 0}, "L004"),
        ({"keep_wordpieces": -1}, "L004"),
        ({"window": 7}, "L004"),
        ({"window": "12"}, "L004"),
        ({"overlap": 1.5}, "L004"),
        ({"overlap": float("nan")}, "L004"),
        ({"batch_wordpieces": float("inf")}, "L004"),
        ({"keep_wordpieces": True}, "L004"),
        ({"wordpiece_dropout": "0.1"}, "L005"),
        ({"wordpiece_dropout": float("nan")}, "L005"),
        ({"wordpiece_dropout": None}, "L005"),
        ({"window": 64, "overlap": 32}, "L002"),
    ],
)
def test_bad_settings_are_refused_when_the_model_is_built(settings: dict, code: str) -> None:
    with pytest.raises(LitBertError, match=code):
        build_litbert_model_v1("never-asked-for", **settings)


@pytest.mark.parametrize("settings, code", [({"window": 65}, "L001"), ({"overlap": 32}, "L002")])
def test_settings_beyond_the_encoder_are_refused_when_weights_load(checkpoint, settings: dict, code: str) -> None:
    with pytest.raises(LitBertError, match=code):
        encoder(checkpoint, **settings)


def test_vectors_equal_hugging_face_to_1e_5(checkpoint) -> None:
    model = encoder(checkpoint)
    docs = make_docs(*TEXTS)
    bert = model.shims[0].bert
    for data in model.predict(docs).doc_data:
        ids = torch.tensor(data.wordpieces.input_ids)
        with torch.no_grad():
            expected = bert(ids, attention_mask=torch.tensor(data.wordpieces.attention_mask))
        assert np.abs(data.tensors[0] - expected.last_hidden_state.numpy()).max() < 1e-5
        assert np.abs(data.tensors[1] - expected.pooler_output.numpy()).max() < 1e-5


def test_trf_data_is_what_spacy_transformers_users_know(checkpoint) -> None:
    docs = make_docs(TEXTS[0], LONG, "")
    batch = encoder(checkpoint).predict(docs)
    assert isinstance(batch, FullTransformerBatch)
    short, long, empty = batch.doc_data
    assert short.wordpieces.strings[0][:4] == ["[CLS]", "Lithium", "c", "##a"]
    assert short.tensors[0].shape == (1, len(short.wordpieces.strings[0]), 32)
    assert short.width == 32
    pieces = [short.wordpieces.strings[0][i] for i in short.align[1].dataXd.ravel()]
    assert "".join(pieces).replace("##", "") == "carbonate"
    n_windows, longest = long.wordpieces.input_ids.shape
    assert n_windows > 1
    assert long.tensors[0].shape == (n_windows, longest, 32)
    assert max(long.wordpieces.lengths) == longest <= 64
    assert long.wordpieces.attention_mask.sum(1).tolist() == long.wordpieces.lengths
    assert not long.tensors[0][long.wordpieces.attention_mask == 0].any()
    assert len(empty.tensors) == 0
    copied = TransformerData.empty().from_bytes(long.to_bytes())
    assert np.array_equal(copied.tensors[0], long.tensors[0])


def test_the_whole_batch_agrees_with_its_docs(checkpoint) -> None:
    docs = make_docs(TEXTS[1], "", LONG)
    batch = encoder(checkpoint).predict(docs)
    rows = batch.model_output.last_hidden_state.reshape(-1, 32)[batch.align.dataXd]
    parts = [d.tensors[0].reshape(-1, 32)[d.align.dataXd] for d in batch.doc_data if d.tensors]
    assert np.array_equal(rows, np.concatenate(parts))
    assert batch.wordpieces.input_ids.shape[0] == sum(map(len, batch.spans))
    strings = batch.wordpieces.strings
    assert all(len(row) == batch.wordpieces.input_ids.shape[1] for row in strings)


def test_windows_as_spans_cover_the_doc_and_overlap(checkpoint) -> None:
    doc = make_docs(LONG)[0]
    (spans,) = encoder(checkpoint, overlap=16).predict([doc]).spans
    assert spans[0].start == 0
    assert spans[-1].end == len(doc)
    assert all(a.end > b.start for a, b in itertools.pairwise(spans))


def test_no_piece_of_a_long_text_is_lost(checkpoint) -> None:
    # spacy-transformers cuts spans at the limit: 27 of 33 tokens without a wordpiece, no warning.
    doc = make_docs("ENSG00000139618 0.5±0.1 " * 300)[0]
    (data,) = encoder(checkpoint).predict([doc]).doc_data
    assert (data.align.lengths > 0).all()
    assert len(np.unique(data.align.dataXd)) == len(data.align.dataXd)


def test_the_number_of_rows_is_nearly_that_of_the_pieces(checkpoint) -> None:
    # spacy-transformers' strided spans of 128 tokens encode a third of all tokens twice.
    docs = make_docs(*TEXTS * 3)
    data = encoder(checkpoint).predict(docs).doc_data
    assert all(d.wordpieces.input_ids.shape[0] == 1 for d in data)
    assert sum(len(spans) for spans in configure_strided_spans(5, 3)(docs)) > len(docs)


def test_micro_batches_do_not_change_the_vectors(checkpoint) -> None:
    docs = make_docs(*TEXTS, LONG)
    small, large = (encoder(checkpoint, batch_wordpieces=n).predict(docs) for n in (1, 100_000))
    for a, b in zip(small.doc_data, large.doc_data):
        assert np.allclose(a.tensors[0], b.tensors[0], atol=1e-5)


def test_context_comes_from_both_sides_of_a_cut() -> None:
    # A piece next to a cut is read by two windows; the one with more context on both sides counts.
    doc = make_docs(LONG)[0]
    model = encoder("litbert-oa-small", window=64, overlap=16)
    (data,) = model.predict([doc]).doc_data
    windows, rows = np.divmod(data.align.dataXd, data.wordpieces.input_ids.shape[1])
    for window in range(1, windows.max() + 1):
        assert rows[windows == window].min() > 3
    for window in range(windows.max()):
        assert rows[windows == window].max() < data.wordpieces.lengths[window] - 4


def test_sentence_boundaries_are_cuts(checkpoint) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    model = encoder(checkpoint, boundaries="sentence", overlap=0)
    doc = nlp("Genes code for proteins. " * 30)
    (spans,) = model.predict([doc]).spans
    assert len(spans) > 2
    assert all(span[0].is_sent_start for span in spans)
    with pytest.raises(LitBertError, match=r"L304.*sentencizer"):
        model.predict([spacy.blank("en").make_doc("No sentences here.")])


def test_the_settings_are_those_that_the_model_was_built_with(checkpoint) -> None:
    model = encoder(checkpoint, window=32, overlap=4)
    other = build_litbert_model_v1(str(checkpoint), window=48, overlap=8).from_bytes(model.to_bytes())
    docs = make_docs(LONG)
    expected = encoder(checkpoint, window=48, overlap=8).predict(docs).doc_data[0].tensors[0]
    assert np.array_equal(other.predict(docs).doc_data[0].tensors[0], expected)
    with pytest.raises(LitBertError, match="L001"):
        build_litbert_model_v1(str(checkpoint), window=65, overlap=8).from_bytes(model.to_bytes())


def test_a_token_without_pieces_has_a_row_of_zeros_and_only_it(checkpoint) -> None:
    from thinc.api import reduce_mean

    model = build_litbert_tok2vec_v1(reduce_mean(), str(checkpoint), overlap=8)
    model.initialize()
    docs = make_docs("gene\n\nprotein \u200b x", "", "  ")
    vectors = model.predict(docs)
    assert [v.shape for v in vectors] == [(len(doc), 32) for doc in docs]
    for doc, rows in zip(docs, vectors):
        assert [bool(row.any()) for row in rows] == [not t.is_space and t.text != "\u200b" for t in doc]


def test_bytes_of_something_else_are_refused(checkpoint) -> None:
    import srsly

    model = encoder(checkpoint)
    with pytest.raises(LitBertError, match="L305"):
        model.shims[0].from_bytes(srsly.msgpack_dumps({"config": {}, "state": b""}))


VOCABULARY = {"tokens": toy_tokens()}


@pytest.mark.parametrize(
    "change, words",
    [
        ({"config": None}, "lacks config"),
        ({"config": []}, "config is of the type list"),
        ({"weights": "text"}, "weights is of the type str"),
        ({"weights": None}, "lacks graph, precision"),
        ({"fingerprint": 5}, "fingerprint is of the type int"),
        ({"vocabulary": []}, "no tokens"),
        ({"vocabulary": {}}, "no tokens"),
        ({"vocabulary": {"tokens": "abc"}}, "can't have tokens"),
        ({"vocabulary": {**VOCABULARY, "path": "x"}}, "can't have path"),
        ({"vocabulary": {**VOCABULARY, "lowercase": 1}}, "can't have lowercase"),
        ({"vocabulary": {**VOCABULARY, "max_word_length": "x"}}, "can't have max_word_length"),
        ({"vocabulary": {**VOCABULARY, "max_word_length": -1}}, "words of -1 characters"),
    ],
)
def test_sealed_bytes_of_other_parts_are_refused(checkpoint, change: dict, words: str) -> None:
    import srsly

    shim = encoder(checkpoint).shims[0]
    message = {**srsly.msgpack_loads(shim.to_bytes()), **change}
    parts = {name: part for name, part in message.items() if part is not None and name != "crc32c"}
    with pytest.raises(LitBertError, match=rf"L305.*{words}"):
        shim.from_bytes(seal(srsly.msgpack_dumps(parts)))


def test_a_listener_without_its_transformer_says_which_is_missing(ner: Language) -> None:
    # spacy-transformers' listener returns zeros, and the component garbage.
    with ner.select_pipes(enable=["ner"]), pytest.raises(LitBertError, match=r"L302.*'transformer'"):
        ner(TEXTS[0])


def test_a_doc_of_ones_own_says_that_the_transformer_has_not_seen_it(ner: Language) -> None:
    # entity_linker encodes ``span.as_doc()``: with spacy-transformers every context looks alike.
    doc = ner(TEXTS[0])
    listener = ner.get_pipe("ner").model.get_ref("tok2vec")
    with pytest.raises(LitBertError, match=r"L302.*as_doc"):
        listener.predict([doc[0:3].as_doc()])


def test_a_retokenized_doc_is_refused(ner: Language) -> None:
    doc = ner.get_pipe("transformer")(ner.make_doc(TEXTS[0]))
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[0:2])
    with pytest.raises(LitBertError, match=r"L303.*retokenized"):
        ner.get_pipe("ner")(doc)


def test_no_text_of_a_doc_steers_the_encoder(checkpoint) -> None:
    # A literal [SEP] in a text becomes the separator in Hugging Face's tokenizers.
    model = encoder(checkpoint)
    (data,) = model.predict(make_docs("one [SEP] two [MASK]")).doc_data
    assert data.wordpieces.strings[0].count("[SEP]") == 1
    assert "[MASK]" not in data.wordpieces.strings[0]


def test_memory_does_not_grow_with_the_gradient_of_a_long_doc(tmp_path) -> None:
    # Beyond ``keep_wordpieces`` training computes twice, to the same weights.
    checkpoint = write_checkpoint(tmp_path / "still", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    weights = []
    for keep in (0, 100_000):
        nlp = build_ner(checkpoint, keep_wordpieces=keep, batch_wordpieces=64, steps=2)
        weights.append(nlp.get_pipe("transformer").model.shims[0].bert.state_dict())
    for key, value in weights[0].items():
        assert torch.equal(value, weights[1][key])


def test_without_a_name_the_best_bundled_weights_are_taken() -> None:
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("transformer", config={"model": {"@architectures": "spacy-litbert.LitBertModel.v1"}})
    nlp.initialize()
    assert pipe.model.shims[0].windows.name == default_name()
    assert len(nlp("Lithium toxicity.")._.trf_data.align.lengths) == 3
