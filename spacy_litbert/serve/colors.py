"""A colour for each label, light enough for black text, and the same whenever a pipeline is served."""

from __future__ import annotations

from collections.abc import Iterable
from colorsys import hls_to_rgb

from spacy.language import Language

_FIRST = 0.58  # of the colour circle: blue, so that pink is next, which the colour-blind tell apart
_STEP = 0.381966  # the golden angle, which keeps any number of hues apart
_LIGHTNESS, _SATURATION = 0.82, 0.75


def mention_labels(nlp: Language) -> list[str]:
    """Return the labels of the components that find mentions, sorted."""
    finders = [name for name in nlp.pipe_names if {"doc.ents", "doc.spans"} & set(nlp.get_pipe_meta(name).assigns)]
    return sorted({str(label) for name in finders for label in nlp.pipe_labels.get(name, ())})


def label_colors(known: Iterable[str], found: Iterable[str]) -> dict[str, str]:
    """Return the colour of each label as ``#rrggbb``.

    known: the labels of a pipeline, whose colours do not depend on what was found.
    found: the labels of a text; those that are not known come behind the known ones.
    """
    first = sorted(set(known))
    labels = [*first, *sorted(set(found) - set(first))]
    return {label: _color((_FIRST + i * _STEP) % 1) for i, label in enumerate(labels)}


def _color(hue: float) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in hls_to_rgb(hue, _LIGHTNESS, _SATURATION))
