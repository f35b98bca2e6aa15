"""Score predicted Docs against gold documents: precision, recall and F1, by spaCy's scorer and by seqeval.

A mention counts if its first character, its last character and its label are right. Gold mentions are taken
from the corpus by their characters, not from the DocBin: one that lies off the token boundaries, or under a
longer one, can't be predicted or only in part, and counts as missed.

Both scorers work on units of text that mentions start and end with. Here these units are the tokens, cut
further wherever a gold mention starts or ends:

    tokens   | 5 | - | HT6 |          the gold mention is "5-HT"
    units    | 5 | - | HT | 6 |
    gold     | B | I | I  | O |

Neither can hold two mentions in one place. So where gold mentions overlap, those that don't fit beside the
others are scored as a further text of the same units, in which nothing was predicted.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from seqeval.metrics import classification_report
from seqeval.scheme import IOB2
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc
from spacy.training import Example

from spacy_litbert.corpora.document import Document, Mention, keep_longest
from spacy_litbert.errors import Errors, LitBertError

TOLERANCE = 1e-9


def score(documents: list[Document], docs: list[Doc]) -> dict[str, Any]:
    """Return ents_p, ents_r, ents_f (micro) and the same for each label, as fractions.

    Raises LitBertError L407 unless the two scorers agree to 1e-9 in each figure.
    """
    examples = [example for document, doc in zip(documents, docs) for example in examples_of(document, doc)]
    by_spacy = _spacy_scores(examples)
    by_seqeval = _seqeval_scores(examples)
    for label in by_spacy.keys() | by_seqeval.keys():
        for key in ("p", "r", "f"):
            ours, theirs = (scores.get(label, {}).get(key, 0.0) for scores in (by_spacy, by_seqeval))
            if abs(ours - theirs) > TOLERANCE:
                name = f"{key} of {label or 'all labels'}"
                raise LitBertError(Errors.L407.format(key=name, spacy=ours, seqeval=theirs))
    total = by_spacy.pop("")
    return {
        "ents_f": total["f"],
        "ents_p": total["p"],
        "ents_r": total["r"],
        "ents_per_type": dict(sorted(by_spacy.items())),
    }


def examples_of(document: Document, doc: Doc) -> Iterator[Example]:
    """Pair predicted and gold over the same units, in as few texts as hold the gold mentions without overlap."""
    gold = set(document.entities)
    predicted = {Mention(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents}
    cuts = {place for mention in gold for place in (mention.start, mention.end)}
    for n, layer in enumerate(_layers(gold, predicted)):
        reference = _cut(doc, cuts)
        reference.set_ents([_span(reference, mention) for mention in layer], default="outside")
        prediction = _cut(doc, cuts)
        prediction.set_ents([_span(prediction, mention) for mention in predicted if n == 0], default="outside")
        yield Example(prediction, reference)


def _layers(gold: set[Mention], predicted: set[Mention]) -> Iterator[list[Mention]]:
    found = gold & predicted
    kept, rest = keep_longest(mention for mention in gold - found if not any(_overlap(mention, f) for f in found))
    yield [*found, *kept]
    rest = sorted(gold - found - set(kept))
    while rest:
        kept, rest = keep_longest(rest)
        yield kept


def _overlap(one: Mention, other: Mention) -> bool:
    return one.start < other.end and other.start < one.end


def _cut(doc: Doc, cuts: set[int]) -> Doc:
    """Return the same text, its tokens cut further at some characters."""
    text = doc.text  # put together anew each time it is asked for
    words: list[str] = []
    spaces: list[bool] = []
    for token in doc:
        end = token.idx + len(token)
        bounds = [token.idx, *sorted(place for place in cuts if token.idx < place < end), end]
        words.extend(text[start:end] for start, end in pairwise(bounds))
        spaces.extend([False] * (len(bounds) - 2) + [bool(token.whitespace_)])
    return Doc(doc.vocab, words=words, spaces=spaces)


def _span(doc: Doc, mention: Mention) -> Any:
    return doc.char_span(mention.start, mention.end, mention.label)


def _spacy_scores(examples: list[Example]) -> dict[str, dict[str, float]]:
    scores = get_ner_prf(examples)
    total = {key: scores[f"ents_{key}"] or 0.0 for key in ("p", "r", "f")}
    return {"": total, **(scores["ents_per_type"] or {})}


def _seqeval_scores(examples: list[Example]) -> dict[str, dict[str, float]]:
    docs = [doc for example in examples for doc in (example.reference, example.predicted)]
    # Under names of their own: seqeval strips hyphens off labels and has rows with names like "micro avg".
    stand_ins = {
        label: f"L{number}" for number, label in enumerate(sorted({ent.label_ for doc in docs for ent in doc.ents}))
    }
    labels = {stand_in: label for label, stand_in in stand_ins.items()}
    gold = [_tags(example.reference, stand_ins) for example in examples]
    predicted = [_tags(example.predicted, stand_ins) for example in examples]
    if not any(tag != "O" for tags in (*gold, *predicted) for tag in tags):
        return {"": {"p": 0.0, "r": 0.0, "f": 0.0}}
    report = classification_report(gold, predicted, mode="strict", scheme=IOB2, output_dict=True, zero_division=0)
    keys = {"p": "precision", "r": "recall", "f": "f1-score"}
    named = {"": report["micro avg"], **{label: report[stand_in] for stand_in, label in labels.items()}}
    return {label: {short: float(of[long]) for short, long in keys.items()} for label, of in named.items()}


def _tags(doc: Doc, names: dict[str, str]) -> list[str]:
    return [f"{token.ent_iob_}-{names[token.ent_type_]}" if token.ent_type_ else "O" for token in doc]
