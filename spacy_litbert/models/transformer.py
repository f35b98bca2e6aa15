"""The model of spaCy's ``transformer`` component, which makes a FullTransformerBatch of Docs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional, cast

from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from thinc.api import Model, chain, get_array_module

from ..checkpoints.folder import load_checkpoint
from ..checkpoints.resolve import default_name
from ..compat import FullTransformerBatch, split_trf_batch
from ..errors import Errors, LitBertError
from ..tokenization.alignment import align, sentence_cuts
from ..tokenization.windows import make_windows
from ..types import Backend, Boundaries, Precision, Storage
from .batch import Layout, LitBertBatch, encoder_input, split_by_doc
from .listener import LitBertListener
from .onnx_shim import OnnxShim
from .seal import SealedModel
from .settings import PRECISIONS, WindowSettings, check_choice, check_minimum, check_precision
from .shared_update import SharedOutputs
from .shim import EncoderShim
from .torch_shim import TorchShim
from .types import TransformerModel


def build_litbert_model_v1(
    name: Optional[str] = None,
    window: Optional[int] = None,
    overlap: int = 64,
    boundaries: Boundaries = "token",
    batch_wordpieces: int = 2048,
    keep_wordpieces: int = 8192,
    wordpiece_dropout: float = 0.0,
    precision: Precision = "float32",
    storage: Storage = "float32",
    backend: Backend = "torch",
) -> TransformerModel:
    """Build the model of the ``transformer`` component, ``spacy-litbert.LitBertModel.v1``.

    name: weights to begin from: a bundled name, a folder, or a hub id; null for the best bundled ones. Asked for
        once, by ``nlp.initialize``; a saved pipeline carries its weights and never asks again.
    window: wordpieces that the encoder reads at once, ``[CLS]`` and ``[SEP]`` included;
        null for all that it can (its max_position_embeddings).
    overlap: wordpieces that neighbouring windows of a long text share, half of them context
        for either side. A text that fits into one window is never cut.
    boundaries: where long texts are cut, ``"token"`` or ``"sentence"`` (which needs sentence starts).
    batch_wordpieces: wordpieces in one forward pass; memory grows with it, not with the text.
    keep_wordpieces: wordpieces whose activations training keeps; beyond, they are computed twice.
    wordpiece_dropout: how many wordpieces training splits into shorter ones by chance, from 0 to 1; see
        ``WordpieceDropout``.
    precision: of the forward pass: ``"float32"``; with torch also ``"bfloat16"`` and ``"float16"``, and with ONNX
        Runtime ``"int8"``. Torch's weights in memory are float32.
    storage: of torch's weights on disk: ``"float32"``, ``"float16"`` (half the size; what is loaded is then rounded to
        about three digits) or ``"int8"`` (a quarter; each row of a matrix has a scale of its own). Ignored with
        ``backend = "onnx"``, which stores its graph.
    backend: ``"torch"``, or ``"onnx"`` for ONNX Runtime, which is faster on a CPU with 8 bits and can't train
        (needs the extra ``onnx``).

    Raises LitBertError L002–L005 for settings that can't be, L001 and L2xx when weights load.
    """
    check_choice("backend", backend, tuple(PRECISIONS))
    check_precision(precision, backend)
    check_choice("storage", storage, ("float32", "float16", "int8"))
    check_minimum("batch_wordpieces", batch_wordpieces, 1)
    check_minimum("keep_wordpieces", keep_wordpieces, 0)
    windows = WindowSettings(name or default_name(), window, overlap, boundaries, wordpiece_dropout)
    shim: EncoderShim
    if backend == "onnx":
        shim = OnnxShim(windows, precision=precision, batch_wordpieces=batch_wordpieces)
    else:
        shim = TorchShim(
            windows,
            precision=precision,
            storage=storage,
            batch_wordpieces=batch_wordpieces,
            keep_wordpieces=keep_wordpieces,
        )
    attrs = {"replace_listener": replace_listener, "replace_listener_cfg": replace_listener_config}
    return SealedModel("litbert", forward, init=init, dims={"nO": None}, attrs=attrs, shims=[shim])


def init(model: TransformerModel, X: Any = None, Y: Any = None) -> None:
    """Load the weights that the config names, unless the model has some."""
    shim = _shim(model)
    if not shim.is_loaded:
        shim.load(load_checkpoint(shim.windows.name))
    model.set_dim("nO", shim.config["hidden_size"])


def forward(
    model: TransformerModel, docs: list[Doc], is_train: bool
) -> tuple[FullTransformerBatch, Callable[[LitBertBatch], list[Doc]]]:
    """Cut Docs into wordpieces and these into windows, compute their vectors, and return them with the way back."""
    shim = _shim(model)
    if shim.wordpieces is None:
        raise LitBertError(Errors.L301.format(name=shim.windows.name))
    alignment = align(shim.wordpieces, docs, shim.dropout if is_train else None)
    cuts = [alignment.token_cuts]
    if shim.windows.boundaries == "sentence":
        cuts.insert(0, sentence_cuts(alignment, docs))
    windows = make_windows(
        alignment.doc_pieces,
        alignment.doc_tokens,
        cuts,
        size=shim.windows.window or shim.config["max_position_embeddings"],
        overlap=shim.windows.overlap,
    )
    layout = Layout.of(windows, len(docs))
    inputs = encoder_input(alignment, windows, layout, shim.wordpieces.vocabulary)
    if is_train:
        shim.next_update()
    vectors, backprop_vectors = shim(inputs, is_train)
    batch = split_by_doc(docs, alignment, windows, layout, inputs, vectors, shim)
    if is_train:
        batch.cached_doc_data = SharedOutputs(docs, batch.doc_data, shim.update)

    def backprop(d_batch: LitBertBatch) -> list[Doc]:
        outputs = [data.model_output for data in d_batch.doc_data]
        if not outputs:
            return docs
        d_hidden = _concatenate([o["last_hidden_state"].reshape(-1, model.get_dim("nO")) for o in outputs])
        has_pooled = all("pooler_output" in o for o in outputs)
        d_pooled = _concatenate([o["pooler_output"] for o in outputs]) if has_pooled else None
        backprop_vectors(d_hidden, d_pooled)
        return docs

    return batch, backprop


def replace_listener(
    model: TransformerModel, listener: Model[list[Doc], Any], transformer: TrainablePipe
) -> Model[list[Doc], Any]:
    """Return what stands in a listener's place when it gets an encoder of its own, a copy of the shared one.

    Raises LitBertError L313 if the listener was trained with another encoder.
    """
    if isinstance(listener, LitBertListener):
        listener.check(_shim(model).fingerprint)
    return with_split_vectors(model)


def with_split_vectors(model: TransformerModel) -> Model[list[Doc], Any]:
    """Return the encoder's vectors as a listener gets them: a TransformerData for each Doc."""
    return chain(model, split_trf_batch())


def replace_listener_config(model_config: dict[str, Any], listener_config: dict[str, Any]) -> dict[str, Any]:
    """Return the config that fits ``replace_listener``: a LitBertTok2Vec with the listener's pooling."""
    config = {**model_config, "@architectures": "spacy-litbert.LitBertTok2Vec.v1"}
    return {**config, **{key: listener_config[key] for key in ("pooling", "grad_factor") if key in listener_config}}


def _concatenate(arrays: list[Any]) -> Any:
    # One long Doc's vectors may be most of the memory there is: not copied.
    return arrays[0] if len(arrays) == 1 else get_array_module(arrays[0]).concatenate(arrays)


def _shim(model: TransformerModel) -> EncoderShim:
    return cast(EncoderShim, model.shims[0])
