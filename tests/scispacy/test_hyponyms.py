"""scispaCy's HyponymDetector, which reads parts of speech, lemmas and trees: of components that listen to our encoder.

No parser comes with this package, so one is trained here, on two sentences, with the encoder as it is.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from .conftest import entities, spans

pytest.importorskip("scispacy.hyponym_detector")

# Word, lemma, part of speech, head, dependency.
SENTENCES = [
    [
        ("Drugs", "drug", "NOUN", 10, "nsubj"),
        ("such", "such", "ADJ", 2, "fixed"),
        ("as", "as", "ADP", 3, "case"),
        ("aspirin", "aspirin", "NOUN", 0, "nmod"),
        (",", ",", "PUNCT", 5, "punct"),
        ("ibuprofen", "ibuprofen", "NOUN", 3, "conj"),
        ("and", "and", "CCONJ", 8, "cc"),
        ("lithium", "lithium", "NOUN", 8, "compound"),
        ("carbonate", "carbonate", "NOUN", 3, "conj"),
        ("can", "can", "AUX", 10, "aux"),
        ("cause", "cause", "VERB", 10, "ROOT"),
        ("ulcers", "ulcer", "NOUN", 10, "obj"),
        (".", ".", "PUNCT", 10, "punct"),
    ],
    [
        ("Aspirin", "aspirin", "NOUN", 2, "nsubj"),
        ("can", "can", "AUX", 2, "aux"),
        ("cause", "cause", "VERB", 2, "ROOT"),
        ("tremor", "tremor", "NOUN", 2, "obj"),
        ("and", "and", "CCONJ", 5, "cc"),
        ("nausea", "nausea", "NOUN", 3, "conj"),
        (".", ".", "PUNCT", 2, "punct"),
    ],
]
PIPES = ("morphologizer", "trainable_lemmatizer", "parser")


@pytest.fixture(scope="module")
def with_syntax() -> Language:
    """The bundled pipeline with a tagger, a lemmatizer and a parser that listen to its transformer."""
    spacy.util.fix_random_seed(0)
    nlp = spacy.load("en_litbert_ner", exclude=["doc_cleaner"])
    listener = {"@architectures": "spacy-litbert.LitBertListener.v1", "pooling": {"@layers": "reduce_mean.v1"}}
    for name in PIPES:
        rare = {"min_action_freq": 1} if name == "parser" else {}  # of dependencies that are learned
        nlp.add_pipe(name, config={"model": {"tok2vec": listener}, **rare})
    examples = [_example(nlp, sentence) for sentence in SENTENCES]
    with nlp.select_pipes(enable=["transformer", *PIPES]):
        for name in PIPES:
            nlp.get_pipe(name).initialize(lambda: examples, nlp=nlp)
        optimizer = nlp.resume_training()
        optimizer.learn_rate = 0.003
        for _ in range(60):
            nlp.update(examples, sgd=optimizer, exclude=["transformer"], annotates=["transformer"])
    return nlp


def _example(nlp: Language, sentence: list[tuple[str, str, str, int, str]]) -> Example:
    words, lemmas, pos, heads, deps = (list(column) for column in zip(*sentence))
    spaces = [following not in {",", "."} for following in words[1:]] + [False]
    reference = Doc(nlp.vocab, words=words, spaces=spaces, lemmas=lemmas, pos=pos, heads=heads, deps=deps)
    return Example(nlp.make_doc(reference.text), reference)


def test_hyponyms_beside_our_entities(
    with_syntax: Language, alone: Language, saved_again: Callable[[Language], Language]
) -> None:
    with_syntax.add_pipe("hyponym_detector")
    text = _example(with_syntax, SENTENCES[0]).text
    doc = with_syntax(text)
    expected = [
        ("such_as", "Drugs", "aspirin"),
        ("such_as", "Drugs", "ibuprofen"),
        ("such_as", "Drugs", "lithium carbonate"),
    ]
    assert spans(doc._.hearst_patterns) == expected
    assert entities(doc) == entities(alone(text))
    assert spans(saved_again(with_syntax)(text)._.hearst_patterns) == expected
    with pytest.raises(TypeError, match="serialize"):
        doc.to_bytes()  # spans in an extension: no n_process, and no DocBin with user data
