"""The architectures inside real pipelines: training, sharing, freezing, saving, processes."""

from __future__ import annotations

import gc
import multiprocessing
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_litbert.errors import LitBertError

from ..conftest import ENTITIES, LISTENER, STOCK_LISTENER, TEXTS, build_ner, examples_for, ner_config, write_checkpoint

LONG = " ".join(TEXTS * 20)


@pytest.mark.parametrize("listener", [LISTENER, STOCK_LISTENER], ids=["ours", "spacy-transformers"])
def test_ner_learns_through_the_shared_encoder(checkpoint: Path, listener: dict) -> None:
    nlp = build_ner(checkpoint, listener)
    before = _weights(nlp)
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.005
    for _ in range(60):
        nlp.update(examples_for(nlp), sgd=optimizer)
    assert not np.array_equal(before, _weights(nlp))
    for text, gold in zip(TEXTS, ENTITIES):
        assert [(e.start_char, e.end_char, e.label_) for e in nlp(text).ents] == gold["entities"]


def test_both_listeners_give_the_same_numbers(checkpoint: Path) -> None:
    ours, stock = (build_ner(checkpoint, listener) for listener in (LISTENER, STOCK_LISTENER))
    losses = []
    for nlp in (ours, stock):
        spacy.util.fix_random_seed(1)
        losses.append(nlp.update(examples_for(nlp), sgd=nlp.create_optimizer()))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert np.allclose(_weights(ours), _weights(stock), atol=1e-6)


@pytest.mark.parametrize("pipe", ["ner", "textcat", "span_finder", "spancat", "tagger", "parser"])
def test_every_component_trains_on_the_self_contained_encoder(checkpoint: Path, pipe: str) -> None:
    tok2vec = {**LISTENER, "@architectures": "spacy-litbert.LitBertTok2Vec.v1", "name": str(checkpoint), "overlap": 8}
    nlp = spacy.blank("en")
    nlp.add_pipe(pipe, config=_component_config(pipe, tok2vec))
    examples = _multi_task_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    losses = nlp.update(examples, sgd=optimizer)
    assert losses[pipe] > 0
    assert np.isfinite(losses[pipe])


def test_many_tasks_on_one_encoder(checkpoint: Path) -> None:
    nlp = _multi_task(checkpoint)
    examples = _multi_task_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    first = nlp.update(examples, sgd=optimizer)
    for _ in range(10):
        last = nlp.update(examples, sgd=optimizer)
    assert all(last[pipe] < first[pipe] for pipe in ("ner", "tagger", "textcat"))
    doc = nlp(TEXTS[0])
    assert doc.cats
    assert all(token.tag_ for token in doc)


def test_a_frozen_annotating_transformer_stays_as_it_is(ner: Language) -> None:
    before = _weights(ner)
    optimizer = ner.resume_training()
    ner.update(examples_for(ner), sgd=optimizer, exclude=["transformer"], annotates=["transformer"])
    assert np.array_equal(before, _weights(ner))
    with pytest.raises(LitBertError, match=r"L302.*annotating_components"):
        ner.update(examples_for(ner), sgd=optimizer, exclude=["transformer"])


def test_grad_factor_0_keeps_the_encoder(checkpoint: Path) -> None:
    nlp = build_ner(checkpoint, {**LISTENER, "grad_factor": 0.0})
    before = _weights(nlp)
    fingerprint = nlp.get_pipe("transformer").model.shims[0].fingerprint.value
    optimizer = nlp.resume_training()
    assert optimizer.L2  # which takes from weights whose gradients are 0
    for _ in range(2):
        nlp.update(examples_for(nlp), sgd=optimizer)
    assert np.array_equal(before, _weights(nlp))
    assert nlp.get_pipe("transformer").model.shims[0].fingerprint.value == fingerprint


def test_grad_factor_0_keeps_the_encoder_of_one_component(checkpoint: Path) -> None:
    tok2vec = {**LISTENER, "@architectures": "spacy-litbert.LitBertTok2Vec.v1", "name": str(checkpoint), "overlap": 8}
    nlp = spacy.blank("en")
    nlp.add_pipe("ner", config=ner_config({**tok2vec, "grad_factor": 0.0}))
    optimizer = nlp.initialize(lambda: examples_for(nlp))
    (shim,) = (shim for node in nlp.get_pipe("ner").model.walk() for shim in node.shims)
    before = [parameter.detach().clone() for parameter in shim.bert.parameters()]
    nlp.update(examples_for(nlp), sgd=optimizer)
    assert all(map(torch.equal, before, shim.bert.parameters()))


@pytest.mark.parametrize("listener", [LISTENER, STOCK_LISTENER], ids=["ours", "spacy-transformers"])
def test_replaced_listeners_give_the_same_annotations(checkpoint: Path, tmp_path: Path, listener: dict) -> None:
    nlp = build_ner(checkpoint, listener, steps=3)
    shared = nlp.get_pipe("ner").model.get_ref("tok2vec").predict([nlp(TEXTS[0])])[0]
    expected = _entities(nlp)
    nlp.replace_listeners("transformer", "ner", ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    assert _entities(nlp) == expected
    assert nlp.config["components"]["ner"]["model"]["tok2vec"]["@architectures"] == "spacy-litbert.LitBertTok2Vec.v1"
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert _entities(loaded) == expected
    tok2vec = loaded.get_pipe("ner").model.get_ref("tok2vec")
    assert np.allclose(tok2vec.predict([loaded.make_doc(TEXTS[0])])[0], shared, atol=1e-6)
    nlp.update(examples_for(nlp), sgd=nlp.resume_training())


def test_replaced_encoders_do_not_share_an_optimizer_state(ner: Language) -> None:
    # Copies with one id would share Adam's moments and pull each other along.
    shim = ner.get_pipe("transformer").model.shims[0]
    copied = ner.get_pipe("transformer").model.copy().shims[0]
    assert copied.id != shim.id
    assert copied.bert is not shim.bert


def test_a_sourced_component_listens_to_the_transformer_it_finds(checkpoint: Path, ner: Language) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", source=ner)
    nlp.add_pipe("ner", source=ner)
    assert _entities(nlp) == _entities(ner)


@pytest.mark.parametrize("how", ["disk", "bytes"])
def test_a_saved_pipeline_needs_nothing_of_its_source(tmp_path: Path, how: str) -> None:
    source = write_checkpoint(tmp_path / "source")
    nlp = build_ner(source, steps=3)
    if how == "disk":
        nlp.to_disk(tmp_path / "saved")
        shutil.rmtree(source)
        loaded = spacy.load(tmp_path / "saved")
    else:
        shutil.rmtree(source)
        loaded = spacy.util.load_model_from_config(nlp.config, auto_fill=True).from_bytes(nlp.to_bytes())
    assert np.array_equal(_vectors(loaded, LONG), _vectors(nlp, LONG))
    assert loaded.get_pipe("transformer").to_bytes() == nlp.get_pipe("transformer").to_bytes()
    assert _entities(loaded) == _entities(nlp)
    loaded.update(examples_for(loaded), sgd=loaded.resume_training())


@pytest.mark.parametrize(("storage", "share", "error"), [("float16", 0.6, 2e-2), ("int8", 0.5, 0.2)])
def test_storage_makes_the_weights_smaller_and_changes_them_once(
    ner: Language, tmp_path: Path, storage: str, share: float, error: float
) -> None:
    ner.to_disk(tmp_path / "float32")
    rounded = spacy.load(tmp_path / "float32", config={"components.transformer.model.storage": storage})
    rounded.to_disk(tmp_path / "stored")
    loaded = spacy.load(tmp_path / "stored")
    loaded.to_disk(tmp_path / "again")
    sizes = [(tmp_path / name / "transformer" / "model").stat().st_size for name in ("float32", "stored", "again")]
    assert sizes[1] < share * sizes[0]
    first, second = ((tmp_path / name / "transformer" / "model").read_bytes() for name in ("stored", "again"))
    assert first == second
    assert _vectors(loaded, LONG).dtype == np.float32
    assert np.allclose(_vectors(loaded, LONG), _vectors(ner, LONG), atol=error)
    assert not np.array_equal(_vectors(loaded, LONG), _vectors(ner, LONG))


def test_no_pickle_and_no_origin_in_the_saved_bytes(tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "a-telling-name")
    data = build_ner(source).get_pipe("transformer").model.shims[0].to_bytes()
    assert b"a-telling-name" not in data
    assert b"_rebuild_tensor" not in data
    assert b"torch" not in data


def test_an_uninitialized_pipeline_can_be_saved_and_says_what_is_missing(checkpoint: Path, tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe(
        "transformer", config={"model": {"@architectures": "spacy-litbert.LitBertModel.v1", "name": str(checkpoint)}}
    )
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    with pytest.raises(LitBertError, match=r"L301.*initialize"):
        loaded("text")


def test_two_processes_annotate_like_one_after_a_warm_forward_pass(ner: Language) -> None:
    texts = TEXTS * 5
    one = [_of(doc) for doc in ner.pipe(texts)]
    two = [_of(doc) for doc in ner.pipe(texts, n_process=2, batch_size=3)]
    assert one == two


def test_components_survive_pickling_as_spawned_processes_need(ner: Language) -> None:
    doc = ner.make_doc(TEXTS[0])
    for name in ("transformer", "ner"):
        doc = pickle.loads(pickle.dumps(ner.get_pipe(name)))(doc)
    assert _of(doc) == _of(ner(TEXTS[0]))
    assert multiprocessing.get_start_method(allow_none=True) != "spawn"


def test_the_optimizers_averages_reach_the_encoder(ner: Language) -> None:
    optimizer = ner.resume_training()
    optimizer.averages = {}
    ner.update(examples_for(ner), sgd=optimizer)
    ner.update(examples_for(ner), sgd=optimizer)
    now = _weights(ner).copy()
    with ner.use_params(optimizer.averages):
        assert not np.array_equal(_weights(ner), now)
    assert np.array_equal(_weights(ner), now)


def test_empty_and_invisible_docs_in_a_batch(ner: Language) -> None:
    texts = ["", TEXTS[0], " \n ", "\u200b", "x"]
    docs = list(ner.pipe(texts, batch_size=5))
    assert [doc.text for doc in docs] == texts
    alone = ner(TEXTS[0])
    assert np.allclose(docs[1]._.trf_data.tensors[0], alone._.trf_data.tensors[0], atol=1e-6)
    examples = [Example(ner.make_doc(text), ner.make_doc(text)) for text in texts]
    ner.update(examples, sgd=ner.resume_training())
    ner.update(examples[:1], sgd=ner.resume_training())


@pytest.mark.parametrize("pipe", ["span_finder", "spancat", "textcat"])
def test_texts_without_tokens_alone(checkpoint: Path, tmp_path: Path, pipe: str) -> None:
    # span_finder needs the width of vectors even where there are none.
    nlp = spacy.blank("en")
    settings = {"@architectures": "spacy-litbert.LitBertModel.v1", "name": str(checkpoint), "overlap": 8}
    nlp.add_pipe("transformer", config={"model": settings})
    nlp.add_pipe(pipe, config=_component_config(pipe, LISTENER))
    examples = _multi_task_examples(nlp)
    nlp.initialize(lambda: examples)
    nlp.to_disk(tmp_path)
    for each in (nlp, spacy.load(tmp_path)):
        assert each("").text == ""
        assert [doc.text for doc in each.pipe(["", "", TEXTS[0]], batch_size=2)] == ["", "", TEXTS[0]]
        each.update([Example.from_dict(each.make_doc(""), {})], sgd=each.resume_training())


def test_equal_seeds_train_equal_weights(checkpoint: Path) -> None:
    first, second = (build_ner(checkpoint, steps=3) for _ in range(2))
    assert np.array_equal(_weights(first), _weights(second))


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_lower_precision_trains(checkpoint: Path, precision: str) -> None:
    nlp = build_ner(checkpoint, precision=precision)
    before = _weights(nlp)
    optimizer = nlp.resume_training()
    first = nlp.update(examples_for(nlp), sgd=optimizer)
    for _ in range(20):
        last = nlp.update(examples_for(nlp), sgd=optimizer)
    assert last["ner"] < first["ner"]
    assert np.isfinite(_weights(nlp)).all()
    assert not np.array_equal(before, _weights(nlp))


def test_a_model_without_scaling_does_not_switch_it_off_for_later_ones(checkpoint: Path) -> None:
    # spacy-transformers' mutable default does: its second model goes without a gradient scaler.
    build_ner(checkpoint, precision="float32")
    scaled = build_ner(checkpoint, precision="float16")
    assert scaled.get_pipe("transformer").model.shims[0]._scaler.is_enabled()
    plain = build_ner(checkpoint, precision="bfloat16")
    assert not plain.get_pipe("transformer").model.shims[0]._scaler.is_enabled()


def _multi_task(checkpoint: Path) -> Language:
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy-litbert.LitBertModel.v1", "name": str(checkpoint), "overlap": 8}
    nlp.add_pipe("transformer", config={"model": model})
    for pipe in ("ner", "tagger", "textcat"):
        nlp.add_pipe(pipe, config=_component_config(pipe, LISTENER))
    return nlp


def _multi_task_examples(nlp: Language) -> list[Example]:
    examples = []
    for i, (text, gold) in enumerate(zip(TEXTS, ENTITIES)):
        doc = nlp.make_doc(text)
        entities = [doc.char_span(*entity, alignment_mode="expand") for entity in gold["entities"]]
        annotations = {
            "entities": [(e.start_char, e.end_char, e.label_) for e in entities],
            "tags": ["N" if token.is_alpha else "P" for token in doc],
            "heads": [0] * len(doc),
            "deps": ["ROOT"] + ["dep"] * (len(doc) - 1),
            "cats": {"odd": float(i % 2), "even": float(not i % 2)},
        }
        example = Example.from_dict(doc, annotations)
        example.reference.spans["sc"] = list(example.reference.ents)
        examples.append(example)
    return examples


def _component_config(pipe: str, tok2vec: dict) -> dict:
    models = {
        "ner": ner_config(tok2vec)["model"],
        "tagger": {"@architectures": "spacy.Tagger.v2", "tok2vec": tok2vec},
        "parser": {**ner_config(tok2vec)["model"], "state_type": "parser"},
        "textcat": {
            "@architectures": "spacy.TextCatReduce.v1",
            "exclusive_classes": True,
            "use_reduce_first": False,
            "use_reduce_last": False,
            "use_reduce_max": False,
            "use_reduce_mean": True,
            "tok2vec": tok2vec,
        },
        "span_finder": {
            "@architectures": "spacy.SpanFinder.v1",
            "tok2vec": tok2vec,
            "scorer": {"@layers": "spacy.LinearLogistic.v1", "nO": 2},
        },
        "spancat": {
            "@architectures": "spacy.SpanCategorizer.v1",
            "tok2vec": tok2vec,
            "reducer": {"@layers": "spacy.mean_max_reducer.v1", "hidden_size": 8},
            "scorer": {"@layers": "spacy.LinearLogistic.v1"},
        },
    }
    return {"model": models[pipe], **({"min_action_freq": 1} if pipe == "parser" else {})}


def _weights(nlp: Language) -> np.ndarray:
    bert = nlp.get_pipe("transformer").model.shims[0].bert
    return np.concatenate([p.detach().numpy().ravel() for p in bert.parameters()])


def _vectors(nlp: Language, text: str) -> np.ndarray:
    return nlp(text)._.trf_data.tensors[0].copy()


def _entities(nlp: Language) -> list[list[tuple]]:
    return [_of(doc) for doc in nlp.pipe([*TEXTS, LONG])]


def _of(doc: Doc) -> list[tuple]:
    return [(e.start_char, e.end_char, e.label_) for e in doc.ents]


def test_training_keeps_no_tensor_alive(ner: Language) -> None:
    # thinc's own shim keeps a view of every parameter with every step.

    def alive() -> int:
        gc.collect()
        return sum(isinstance(each, torch.Tensor) for each in gc.get_objects())

    optimizer = ner.resume_training()
    ner.update(examples_for(ner), sgd=optimizer)
    before = alive()
    for _ in range(5):
        ner.update(examples_for(ner), sgd=optimizer)
    assert alive() <= before
