"""Score the tags of tokens, for each label by itself: what ``litbert_ner`` is made of."""

from __future__ import annotations

from spacy.tokens import Doc
from thinc.api import Linear, Model, Relu, chain, expand_window, list2ragged, with_array
from thinc.types import Ragged

from ..models.seal import sealed
from ..models.types import Tok2VecModel

TagScores = Model[list[Doc], Ragged]


def build_litbert_ner_v1(tok2vec: Tok2VecModel, hidden_width: int = 64) -> TagScores:
    """Build the tagger of mentions, ``spacy-litbert.LitBertNer.v1``.

    Model[List[Doc], Ragged]: for each token 3 scores a label, (tokens, labels * 3) float32, of the tags outside, begins
    and inside of that label (``spacy_litbert.ner.decoding``). The component sets the number of labels.

    tok2vec: token vectors, such as ``spacy-litbert.LitBertListener.v1`` or any other tok2vec of spaCy.
    hidden_width: width of the two hidden layers. The first reads one token, the second that token and its neighbours.
    """
    output = Linear()
    model: TagScores = chain(
        tok2vec,
        list2ragged(),
        with_array(Relu(nO=hidden_width, dropout=0.0)),
        expand_window(window_size=1),
        with_array(chain(Relu(nO=hidden_width, nI=3 * hidden_width, dropout=0.0), output)),
    )
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("output_layer", output)
    return sealed(model)
