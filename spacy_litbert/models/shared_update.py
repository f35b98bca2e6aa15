"""One update of an encoder that several components share.

spacy-transformers' component sums its listeners' gradients and runs the encoder's backward pass for the last listener.
If that one's component is left out of an update (``exclude``, ``frozen_components``) or has nothing to learn from a
batch, what the others gave would be dropped without a word. Here the encoder runs what it owes them before it takes a
step and before it reads the next batch.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from spacy.tokens import Doc

from ..compat import TransformerData

Backprop = Callable[[list[TransformerData]], Any]


class SharedUpdate:
    """The gradients of one batch on their way from the listeners to the encoder."""

    def __init__(self) -> None:
        self._run: Backprop | None = None
        self._is_owed = False

    def join(self, backprop: Backprop) -> None:
        """Expect the gradient of one more listener. The last one to join has the callback that runs the encoder."""
        self._run = backprop

    def give(self, backprop: Backprop, gradient: list[TransformerData]) -> None:
        """Pass a listener's gradient to the callback that it joined with."""
        self._is_owed = backprop is not self._run
        if not self._is_owed:
            self._run = None  # which holds the activations
        backprop(gradient)

    def finish(self) -> None:
        """Run the encoder's backward pass, unless the last listener did or none has given anything."""
        if self._is_owed and self._run is not None:
            run, self._run, self._is_owed = self._run, None, False
            run([])

    def __reduce__(self) -> tuple[type[SharedUpdate], tuple[()]]:
        # A copy of an encoder has no part in the update of the first.
        return SharedUpdate, ()


class SharedOutputs(list[TransformerData]):
    """What each listener of an update receives: a TransformerData for each of its Docs."""

    def __init__(self, docs: list[Doc], datas: list[TransformerData], update: SharedUpdate):
        super().__init__(datas)
        self._docs = docs
        self.update = update

    def are_of(self, docs: list[Doc]) -> bool:
        """Return whether these very Docs are those of the update."""
        return len(docs) == len(self._docs) and all(map(operator.is_, docs, self._docs))
