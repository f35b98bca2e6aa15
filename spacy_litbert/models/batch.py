"""What the transformer hands out: per Doc, exactly what users of spacy-transformers know.

``doc._.trf_data`` holds (windows, rows, hidden_size) vectors, padded to the longest window of that Doc
only, and the alignment of each token to the rows of its wordpieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from spacy.tokens import Doc, Span
from thinc.api import get_array_module
from thinc.types import Floats2d, Ints1d, Ints2d, Ragged

from ..compat import FullTransformerBatch, ModelOutput, TransformerData, WordpieceBatch
from ..encoder.inputs import EncoderInput
from ..ragged import indices_of, starts_of
from ..tokenization.alignment import Alignment
from ..tokenization.vocabulary import Vocabulary
from ..tokenization.windows import Windows
from ..types import FloatArray, IntArray
from .fingerprint import Fingerprint
from .shim import EncoderShim


@dataclass(frozen=True)
class Layout:
    """Where each window's rows stand: per Doc a padded block of (windows, longest window) rows.

    doc_windows: (docs + 1,) the first window of each Doc.
    longest: (docs,) rows of each Doc's longest window, 0 for a Doc without tokens.
    doc_rows: (docs + 1,) the first row of each Doc's block.
    window_rows: (windows,) the first row of each window.
    """

    doc_windows: IntArray
    longest: IntArray
    doc_rows: IntArray
    window_rows: IntArray

    @classmethod
    def of(cls, windows: Windows, n_docs: int) -> Layout:
        doc_windows = np.searchsorted(windows.doc, np.arange(n_docs + 1))
        longest = np.zeros(n_docs, dtype=np.int64)
        np.maximum.at(longest, windows.doc, windows.lengths)
        doc_rows = starts_of(longest * np.diff(doc_windows))
        nth = np.arange(len(windows.doc)) - doc_windows[windows.doc]
        return cls(doc_windows, longest, doc_rows, doc_rows[windows.doc] + nth * longest[windows.doc])


class LitBertData(TransformerData):
    """The vectors of a Doc, and which encoder they are of. ``fingerprint`` is not saved with a Doc."""

    fingerprint = Fingerprint()

    @classmethod
    def of(
        cls, wordpieces: WordpieceBatch, output: ModelOutput, align: Ragged, fingerprint: Fingerprint
    ) -> LitBertData:
        data = cls(wordpieces, output, align)
        data.fingerprint = fingerprint
        return data


class LitBertBatch(FullTransformerBatch):
    """A batch kept per Doc; the padded whole that spacy-transformers keeps is built when asked for."""

    def __init__(self, spans: list[list[Span]], doc_data: list[TransformerData]):
        self.spans = spans
        self.cached_doc_data = doc_data

    @property
    def wordpieces(self) -> WordpieceBatch:  # type: ignore[override]
        """Return the wordpieces of all windows, padded to the longest."""
        parts = [data.wordpieces for data in self._filled]
        if not parts:
            return WordpieceBatch.empty()
        longest = max(part.input_ids.shape[1] for part in parts)
        return WordpieceBatch(
            strings=[row + ["[PAD]"] * (longest - len(row)) for part in parts for row in part.strings],
            input_ids=_stack([part.input_ids for part in parts]),
            attention_mask=_stack([part.attention_mask for part in parts]),
            lengths=[length for part in parts for length in part.lengths],
            token_type_ids=_stack([part.token_type_ids for part in parts]),
        )

    @property
    def model_output(self) -> ModelOutput:  # type: ignore[override]
        """Return the vectors of all windows, padded to the longest."""
        output = ModelOutput()
        for key in self._filled[0].model_output if self._filled else ():
            output[key] = _stack([data.model_output[key] for data in self._filled])
        return output

    @property
    def align(self) -> Ragged:  # type: ignore[override]
        """Return the rows of each token in ``model_output``, flattened to (windows * rows, hidden_size)."""
        longest = max((data.wordpieces.input_ids.shape[1] for data in self._filled), default=0)
        indices: list[IntArray] = [_NO_INTS]
        lengths: list[IntArray] = [_NO_INTS]
        n_windows = 0
        for data in self._filled:
            rows = data.wordpieces.input_ids.shape[1]
            window, row = np.divmod(cast(IntArray, data.align.dataXd), rows)
            indices.append((n_windows + window) * longest + row)
            lengths.append(cast(IntArray, data.align.lengths))
            n_windows += len(data.wordpieces)
        return _ragged(np.concatenate(indices), np.concatenate(lengths))

    def unsplit_by_doc(self, arrays: list[list[Any]]) -> LitBertBatch:
        """Make the gradient of this batch from those of the Docs that have tokens.

        arrays: for each such Doc the gradient of ``last_hidden_state`` and, if used, of ``pooler_output``.
        """
        gradients = []
        for data, (d_hidden, *d_pooled) in zip(self._filled, arrays):
            output = ModelOutput(last_hidden_state=d_hidden)
            if d_pooled:
                output["pooler_output"] = d_pooled[0]
            gradients.append(TransformerData(data.wordpieces, output, data.align))
        return LitBertBatch(self.spans, gradients)

    @property
    def _filled(self) -> list[TransformerData]:
        return [data for data in self.doc_data if "last_hidden_state" in data.model_output]


def encoder_input(alignment: Alignment, windows: Windows, layout: Layout, vocabulary: Vocabulary) -> EncoderInput:
    """Return the encoder's input for the windows, placed as ``layout`` says."""
    ids = windows.rows(alignment.ids, vocabulary.ids["[CLS]"], vocabulary.ids["[SEP]"])
    return EncoderInput(ids, windows.lengths, layout.window_rows, int(layout.doc_rows[-1]))


def split_by_doc(
    docs: list[Doc],
    alignment: Alignment,
    windows: Windows,
    layout: Layout,
    inputs: EncoderInput,
    vectors: tuple[Any, Any],
    shim: EncoderShim,
) -> LitBertBatch:
    """Split the vectors of a batch into one TransformerData a Doc.

    vectors: (n_rows, hidden_size), and (windows, hidden_size) or None.
    shim: the encoder that they are of.
    """
    hidden, pooled = vectors
    token_rows, token_starts = _token_rows(alignment, windows, layout)
    ids, mask = _padded(inputs)
    spans, data = _window_spans(docs, alignment, windows, layout), []
    for i, longest in enumerate(layout.longest):
        if not longest:
            data.append(TransformerData.empty())
            continue
        rows, of_doc = slice(*layout.doc_rows[i : i + 2]), slice(*layout.doc_windows[i : i + 2])
        tokens = slice(*alignment.doc_tokens[i : i + 2])
        doc_ids = ids[rows].reshape(-1, longest)
        output = ModelOutput()
        output["last_hidden_state"] = hidden[rows].reshape(*doc_ids.shape, -1)
        if pooled is not None:
            output["pooler_output"] = pooled[of_doc]
        wordpieces = WordpieceBatch(
            strings=shim.entries[doc_ids].tolist(),
            input_ids=cast(Ints2d, doc_ids),
            attention_mask=cast(Floats2d, mask[rows].reshape(doc_ids.shape)),
            lengths=windows.lengths[of_doc].tolist(),
            token_type_ids=cast(Ints2d, np.zeros_like(doc_ids)),
        )
        aligned = token_rows[token_starts[tokens.start] : token_starts[tokens.stop]] - np.int32(rows.start)
        align = _ragged(aligned, alignment.lengths[tokens])
        data.append(LitBertData.of(wordpieces, output, align, shim.fingerprint))
    return LitBertBatch(spans, data)


def _token_rows(alignment: Alignment, windows: Windows, layout: Layout) -> tuple[IntArray, IntArray]:
    """Return the rows of all tokens' pieces end to end, int32, and where those of each token begin."""
    piece_rows = windows.row_of_piece(layout.window_rows).astype(np.int32)
    return piece_rows[indices_of(alignment.first, alignment.lengths)], starts_of(alignment.lengths)


def _padded(inputs: EncoderInput) -> tuple[IntArray, FloatArray]:
    """Return the ids and the attention mask with padding: (n_rows,) int64 and float32."""
    ids = np.zeros(inputs.n_rows, dtype=np.int64)
    mask = np.zeros(inputs.n_rows, dtype=np.float32)
    filled = indices_of(inputs.places, inputs.lengths)
    ids[filled], mask[filled] = inputs.ids, 1.0
    return ids, mask


def _window_spans(docs: list[Doc], alignment: Alignment, windows: Windows, layout: Layout) -> list[list[Span]]:
    """Return the tokens that each window reads, as Spans."""
    spans = []
    for i, doc in enumerate(docs):
        of_doc = slice(*layout.doc_windows[i : i + 2])
        if of_doc.stop - of_doc.start == 1:
            spans.append([doc[:]])
            continue
        tokens = slice(*alignment.doc_tokens[i : i + 2])
        first, lengths = alignment.first[tokens], alignment.lengths[tokens]
        start = np.searchsorted(np.maximum.accumulate(first + lengths), windows.start[of_doc], side="right")
        end = np.searchsorted(first, windows.end[of_doc], side="left")
        spans.append([doc[int(s) : int(e)] for s, e in zip(start, end)])
    return spans


def _ragged(indices: IntArray, lengths: IntArray) -> Ragged:
    return Ragged(cast(Ints1d, indices.astype("i", copy=False)), cast(Ints1d, lengths.astype("i")))


def _stack(arrays: list[Any]) -> Any:
    """Join the (windows, rows, …) arrays of several Docs, padded with zeros to the longest."""
    if arrays[0].ndim == 2 and len({array.shape[1] for array in arrays}) == 1:
        return get_array_module(arrays[0]).concatenate(arrays)
    xp = get_array_module(arrays[0])
    longest = max(array.shape[1] for array in arrays)
    rest = [(0, 0)] * (arrays[0].ndim - 2)
    return xp.concatenate([xp.pad(array, [(0, 0), (0, longest - array.shape[1]), *rest]) for array in arrays])


_NO_INTS = np.zeros(0, dtype=np.int64)
