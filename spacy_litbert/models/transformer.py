"""The model of spaCy's ``transformer`` component: Docs → a FullTransformerBatch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

from spacy.tokens import Doc
from thinc.api import Model, chain, get_array_module

from ..checkpoints.folder import load_checkpoint
from ..checkpoints.resolve import default_name
from ..compat import FullTransformerBatch, split_trf_batch
from ..errors import Errors, LitBertError
from ..tokenization.alignment import align, sentence_cuts
from ..tokenization.windows import N_SPECIAL, make_windows
from ..types import Backend, Boundaries, Precision, Storage
from .batch import Layout, LitBertBatch, encoder_input, split_by_doc
from .onnx_shim import OnnxShim
from .shim import EncoderShim
from .torch_shim import TorchShim
from .types import TransformerModel

MIN_WINDOW = 8
_PRECISIONS = {"torch": ("float32", "bfloat16", "float16"), "onnx": ("float32", "int8")}


def build_litbert_model_v1(
    name: Optional[str] = None,
    window: Optional[int] = None,
    overlap: int = 64,
    boundaries: Boundaries = "token",
    batch_wordpieces: int = 2048,
    keep_wordpieces: int = 8192,
    precision: Precision = "float32",
    storage: Storage = "float32",
    backend: Backend = "torch",
) -> TransformerModel:
    """The model of the ``transformer`` component, ``spacy-litbert.LitBertModel.v1``.

    name: weights to begin from: a bundled name, a folder, or a hub id; null for the best bundled ones. Asked for
        once, by ``nlp.initialize``; a saved pipeline carries its weights and never asks again.
    window: wordpieces that the encoder reads at once, ``[CLS]`` and ``[SEP]`` included;
        null for all that it can (its max_position_embeddings).
    overlap: wordpieces that neighbouring windows of a long text share, half of them context
        for either side. A text that fits into one window is never cut.
    boundaries: where long texts are cut, ``"token"`` or ``"sentence"`` (which needs sentence starts).
    batch_wordpieces: wordpieces in one forward pass; memory grows with it, not with the text.
    keep_wordpieces: wordpieces whose activations training keeps; beyond, they are computed twice.
    precision: of the forward pass: ``"float32"``; with torch also ``"bfloat16"`` and ``"float16"``, and with ONNX
        Runtime ``"int8"``. Torch's weights in memory are float32.
    storage: of torch's weights on disk, ``"float32"`` or ``"float16"`` (half the size; what is loaded is then
        rounded to about three digits). Ignored with ``backend = "onnx"``, which stores its graph.
    backend: ``"torch"``, or ``"onnx"`` for ONNX Runtime, which is faster on a CPU and can't train
        (needs the extra ``onnx``).

    Raises LitBertError L002–L004 for settings that can't be, L001 and L2xx when weights load.
    """
    _check_choice("backend", backend, tuple(_PRECISIONS))
    _check_precision(precision, backend)
    _check_choice("storage", storage, ("float32", "float16"))
    _check_choice("boundaries", boundaries, ("token", "sentence"))
    _check_minimum("overlap", overlap, 0)
    _check_minimum("batch_wordpieces", batch_wordpieces, 1)
    _check_minimum("keep_wordpieces", keep_wordpieces, 0)
    if window is not None:
        _check_minimum("window", window, MIN_WINDOW)
        _check_overlap(window, overlap)
    shim: EncoderShim
    if backend == "onnx":
        shim = OnnxShim(precision=precision, batch_wordpieces=batch_wordpieces)
    else:
        shim = TorchShim(
            precision=precision, storage=storage, batch_wordpieces=batch_wordpieces, keep_wordpieces=keep_wordpieces
        )
    attrs = {
        "name": name or default_name(),
        "window": window,
        "overlap": overlap,
        "boundaries": boundaries,
        "replace_listener": replace_listener,
        "replace_listener_cfg": replace_listener_config,
    }
    return Model("litbert", forward, init=init, dims={"nO": None}, attrs=attrs, shims=[shim])


def init(model: TransformerModel, X: Any = None, Y: Any = None) -> None:
    """Load the weights that the config names, unless the model has some."""
    shim = _shim(model)
    if not shim.is_loaded:
        checkpoint = load_checkpoint(model.attrs["name"])
        _check_window(model, checkpoint.limit)
        shim.load(checkpoint)
    model.set_dim("nO", shim.config["hidden_size"])


def forward(
    model: TransformerModel, docs: list[Doc], is_train: bool
) -> tuple[FullTransformerBatch, Callable[[LitBertBatch], list[Doc]]]:
    """Docs → wordpieces → windows → vectors, and the way back."""
    shim = _shim(model)
    if shim.wordpieces is None:
        raise LitBertError(Errors.L301.format(name=model.attrs["name"]))
    alignment = align(shim.wordpieces, docs)
    cuts = [alignment.token_cuts]
    if model.attrs["boundaries"] == "sentence":
        cuts.insert(0, sentence_cuts(alignment, docs))
    windows = make_windows(
        alignment.doc_pieces,
        alignment.doc_tokens,
        cuts,
        size=model.attrs["window"] or shim.config["max_position_embeddings"],
        overlap=model.attrs["overlap"],
    )
    layout = Layout.of(windows, len(docs))
    inputs = encoder_input(alignment, windows, layout, shim.wordpieces.vocabulary)
    vectors, backprop_vectors = shim(inputs, is_train)
    batch = split_by_doc(docs, alignment, windows, layout, inputs, vectors, shim.entries)

    def backprop(d_batch: LitBertBatch) -> list[Doc]:
        outputs = [data.model_output for data in d_batch.doc_data]
        d_hidden = _concatenate([o["last_hidden_state"].reshape(-1, model.get_dim("nO")) for o in outputs])
        has_pooled = all("pooler_output" in o for o in outputs)
        d_pooled = _concatenate([o["pooler_output"] for o in outputs]) if has_pooled else None
        backprop_vectors(d_hidden, d_pooled)
        return docs

    return batch, backprop


def replace_listener(model: TransformerModel) -> Model[list[Doc], Any]:
    """What stands in a listener's place when it is replaced by an encoder of its own."""
    return chain(model, split_trf_batch())


def replace_listener_config(model_config: dict[str, Any], listener_config: dict[str, Any]) -> dict[str, Any]:
    """The config that fits ``replace_listener``: a LitBertTok2Vec with the listener's pooling."""
    config = {**model_config, "@architectures": "spacy-litbert.LitBertTok2Vec.v1"}
    return {**config, **{key: listener_config[key] for key in ("pooling", "grad_factor") if key in listener_config}}


def _concatenate(arrays: list[Any]) -> Any:
    # One long Doc's vectors may be most of the memory there is: not copied.
    return arrays[0] if len(arrays) == 1 else get_array_module(arrays[0]).concatenate(arrays)


def _shim(model: TransformerModel) -> EncoderShim:
    return model.shims[0]


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise LitBertError(Errors.L003.format(name=name, value=value, choices=", ".join(choices)))


def _check_precision(precision: Precision, backend: Backend) -> None:
    choices = _PRECISIONS[backend]
    if precision not in choices:
        raise LitBertError(Errors.L310.format(precision=precision, backend=backend, choices=", ".join(choices)))


def _check_minimum(name: str, value: int, minimum: int) -> None:
    if value < minimum:
        raise LitBertError(Errors.L004.format(name=name, value=value, minimum=minimum))


def _check_window(model: TransformerModel, limit: int) -> None:
    window = model.attrs["window"]
    if window is not None and window > limit:
        raise LitBertError(Errors.L001.format(window=window, name=model.attrs["name"], limit=limit))
    _check_overlap(window or limit, model.attrs["overlap"])


def _check_overlap(window: int, overlap: int) -> None:
    room = window - N_SPECIAL
    if not 0 <= overlap <= room // 2:
        raise LitBertError(Errors.L002.format(overlap=overlap, room=room, limit=room // 2))
