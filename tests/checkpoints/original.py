"""The original BERT in TensorFlow: its variables in real checkpoints, and its mathematics.

The names and the mathematics are those of google-research/bert (``modeling.py``, ``run_pretraining.py``,
``optimization.py``). TensorFlow itself writes the files that the tests read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

Arrays = dict[str, np.ndarray]

TOY: dict[str, Any] = {
    "attention_probs_dropout_prob": 0.1,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "hidden_size": 32,
    "initializer_range": 0.02,
    "intermediate_size": 64,
    "max_position_embeddings": 48,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "type_vocab_size": 2,
}
STEP = 2_000_000


def original_variables(config: dict[str, Any], seed: int = 0) -> Arrays:
    """Every variable of a pretraining graph, with random values large enough to see a mistake by."""
    generator = np.random.default_rng(seed)
    width, inner = config["hidden_size"], config["intermediate_size"]
    shapes: dict[str, tuple[int, ...]] = {
        "bert/embeddings/word_embeddings": (config["vocab_size"], width),
        "bert/embeddings/token_type_embeddings": (config["type_vocab_size"], width),
        "bert/embeddings/position_embeddings": (config["max_position_embeddings"], width),
        **_norm("bert/embeddings/LayerNorm", width),
    }
    for i in range(config["num_hidden_layers"]):
        layer = f"bert/encoder/layer_{i}"
        for name in ("query", "key", "value"):
            shapes.update(_dense(f"{layer}/attention/self/{name}", width, width))
        shapes.update(_dense(f"{layer}/attention/output/dense", width, width))
        shapes.update(_norm(f"{layer}/attention/output/LayerNorm", width))
        shapes.update(_dense(f"{layer}/intermediate/dense", width, inner))
        shapes.update(_dense(f"{layer}/output/dense", inner, width))
        shapes.update(_norm(f"{layer}/output/LayerNorm", width))
    shapes.update(_dense("bert/pooler/dense", width, width))
    shapes.update(_dense("cls/predictions/transform/dense", width, width))
    shapes.update(_norm("cls/predictions/transform/LayerNorm", width))
    shapes["cls/predictions/output_bias"] = (config["vocab_size"],)
    shapes["cls/seq_relationship/output_weights"] = (2, width)
    shapes["cls/seq_relationship/output_bias"] = (2,)
    return {name: _values(generator, name, shape) for name, shape in shapes.items()}


def adam_slots(variables: Arrays, seed: int = 1) -> Arrays:
    """What BERT's AdamWeightDecayOptimizer keeps beside each variable."""
    generator = np.random.default_rng(seed)
    return {
        f"{name}/{slot}": generator.standard_normal(value.shape, dtype=np.float32) * np.float32(1e-3)
        for name, value in variables.items()
        for slot in ("adam_m", "adam_v")
    }


def save(folder: Path, name: str, arrays: Arrays, *, n_shards: int = 1, step: int | None = STEP) -> Path:
    """Write a checkpoint with TensorFlow 1's Saver, with its ``.meta`` and its file ``checkpoint``; returns the prefix.

    Sharded as the Saver does it: a data file for each device that holds variables.
    """
    import tensorflow as tf

    v1 = tf.compat.v1
    folder.mkdir(parents=True, exist_ok=True)
    with tf.Graph().as_default():
        feeds = {}
        assignments = []
        for i, (variable_name, value) in enumerate(sorted(arrays.items())):
            with tf.device(f"/cpu:{i % n_shards}"):
                placeholder = v1.placeholder(value.dtype, value.shape)
                variable = v1.get_variable(
                    variable_name, dtype=value.dtype, shape=value.shape, initializer=None, use_resource=False
                )
            feeds[placeholder] = value
            assignments.append(v1.assign(variable, placeholder))
        if step is not None:
            counter = v1.train.get_or_create_global_step()
            assignments.append(v1.assign(counter, step))
        saver = v1.train.Saver(sharded=n_shards > 1)
        settings = v1.ConfigProto(device_count={"CPU": n_shards}, intra_op_parallelism_threads=1)
        with v1.Session(config=settings) as session:
            session.run(assignments, feeds)
            return Path(saver.save(session, str(folder / name)))


def save_quickly(prefix: Path, arrays: Arrays) -> None:
    """The operation with which the Saver writes, without a graph around it."""
    import tensorflow as tf

    names = sorted(arrays)
    tensors = [tf.constant(arrays[name]) for name in names]
    tf.raw_ops.SaveV2(prefix=str(prefix), tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors)


def write_model(folder: Path, config: dict[str, Any], tokens: Iterable[str]) -> None:
    """config.json and vocab.txt, as they lie in the original zip."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2), encoding="utf8")
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf8")


def gelu_tanh(x: Any) -> Any:
    """modeling.py since 2019."""
    import tensorflow as tf

    return x * 0.5 * (1.0 + tf.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * tf.pow(x, 3))))


def gelu_erf(x: Any) -> Any:
    """modeling.py of the first release."""
    import tensorflow as tf

    return x * 0.5 * (1.0 + tf.math.erf(x / tf.sqrt(2.0)))


def run_original(
    prefix: Path,
    config: dict[str, Any],
    ids: np.ndarray,
    mask: np.ndarray,
    segments: np.ndarray,
    gelu: Callable[[Any], Any],
) -> Arrays:
    """What the original graph computes from a checkpoint, read by TensorFlow.

    ids, mask, segments: (texts, length). Returns sequence (texts, length, width), pooled (texts, width),
    masked (texts, length, vocabulary) and next (texts, 2), all without dropout.
    """
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(prefix))
    hidden = _embed(reader, ids, segments)
    for i in range(config["num_hidden_layers"]):
        hidden = _layer(reader, f"bert/encoder/layer_{i}", hidden, mask, config["num_attention_heads"], gelu)
    pooled = tf.tanh(_apply(reader, "bert/pooler/dense", hidden[:, 0]))
    words = reader.get_tensor("bert/embeddings/word_embeddings")
    transformed = gelu(_apply(reader, "cls/predictions/transform/dense", hidden))
    transformed = _normalise(reader, "cls/predictions/transform/LayerNorm", transformed)
    masked = tf.einsum("tlh,vh->tlv", transformed, words) + reader.get_tensor("cls/predictions/output_bias")
    following = tf.matmul(pooled, reader.get_tensor("cls/seq_relationship/output_weights"), transpose_b=True)
    following += reader.get_tensor("cls/seq_relationship/output_bias")
    outputs = {"sequence": hidden, "pooled": pooled, "masked": masked, "next": following}
    return {name: value.numpy() for name, value in outputs.items()}


def _embed(reader: Any, ids: np.ndarray, segments: np.ndarray) -> Any:
    import tensorflow as tf

    embedded = tf.gather(reader.get_tensor("bert/embeddings/word_embeddings"), ids)
    kinds = tf.one_hot(segments, depth=reader.get_tensor("bert/embeddings/token_type_embeddings").shape[0])
    embedded += tf.einsum("tlk,kh->tlh", kinds, reader.get_tensor("bert/embeddings/token_type_embeddings"))
    embedded += reader.get_tensor("bert/embeddings/position_embeddings")[None, : ids.shape[1]]
    return _normalise(reader, "bert/embeddings/LayerNorm", embedded)


def _layer(reader: Any, name: str, hidden: Any, mask: np.ndarray, n_heads: int, gelu: Callable[[Any], Any]) -> Any:
    import tensorflow as tf

    n_texts, length, width = hidden.shape

    def heads(part: str) -> Any:
        projected = _apply(reader, f"{name}/attention/self/{part}", hidden)
        return tf.transpose(tf.reshape(projected, (n_texts, length, n_heads, width // n_heads)), (0, 2, 1, 3))

    scores = tf.matmul(heads("query"), heads("key"), transpose_b=True) / np.sqrt(width // n_heads).astype("f4")
    scores += (1.0 - mask[:, None, None].astype("f4")) * -10000.0
    context = tf.matmul(tf.nn.softmax(scores), heads("value"))
    context = tf.reshape(tf.transpose(context, (0, 2, 1, 3)), (n_texts, length, width))
    attended = _apply(reader, f"{name}/attention/output/dense", context)
    attended = _normalise(reader, f"{name}/attention/output/LayerNorm", attended + hidden)
    inner = gelu(_apply(reader, f"{name}/intermediate/dense", attended))
    output = _apply(reader, f"{name}/output/dense", inner)
    return _normalise(reader, f"{name}/output/LayerNorm", output + attended)


def _apply(reader: Any, name: str, x: Any) -> Any:
    import tensorflow as tf

    return tf.einsum("...i,io->...o", x, reader.get_tensor(f"{name}/kernel")) + reader.get_tensor(f"{name}/bias")


def _normalise(reader: Any, name: str, x: Any) -> Any:
    """tf.contrib.layers.layer_norm over the last axis."""
    import tensorflow as tf

    mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
    gamma, beta = reader.get_tensor(f"{name}/gamma"), reader.get_tensor(f"{name}/beta")
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, variance_epsilon=1e-12)


def _dense(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}/kernel": (inputs, outputs), f"{name}/bias": (outputs,)}


def _norm(name: str, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}/beta": (width,), f"{name}/gamma": (width,)}


def _values(generator: np.random.Generator, name: str, shape: tuple[int, ...]) -> np.ndarray:
    values = generator.standard_normal(shape, dtype=np.float32)
    if name.endswith("/gamma"):
        return 1 + np.float32(0.1) * values
    # As a trained model's: activations of the feed-forward layers reach well beyond zero, where the GELUs differ.
    return values * np.float32(0.02 if shape[0] > 1000 else 1.5 / np.sqrt(shape[0]) if len(shape) > 1 else 0.1)
