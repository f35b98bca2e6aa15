"""scispaCy's linker and ``litbert_linker`` on the same entities."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from spacy.language import Language
from spacy.tokens import DocBin

from .conftest import TEXT, entities, in_two_processes, links
from .toy import knowledge_base, scispacys_knowledge_base

pytest.importorskip("scispacy.linking")  # which needs nmslib
pytest.importorskip("scispacy.abbreviation")

THEIRS = {"linker_name": "toy"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    scispacys_knowledge_base(tmp_path, "toy")
    knowledge_base(tmp_path)
    return tmp_path


def test_scispacys_linker_links_our_entities(folder: Path, bundled: Callable[[], Language], alone: Language) -> None:
    nlp = bundled()
    nlp.add_pipe("abbreviation_detector", config={"make_serializable": True})
    nlp.add_pipe("scispacy_linker", config=THEIRS)
    doc = nlp(TEXT)
    found = {ent.text: [concept_id for concept_id, _ in ent._.kb_ents] for ent in doc.ents}
    assert found["Aspirin"] == ["X:1"]
    assert found["MI"] == found["myocardial infarction"] == ["X:2"]
    assert not any(ent.kb_id_ for ent in doc.ents)  # which it leaves alone
    assert entities(doc) == entities(alone(TEXT))


LINKERS = ("litbert_linker", "scispacy_linker")


@pytest.mark.parametrize("order", [LINKERS, LINKERS[::-1]], ids=str)
def test_both(
    folder: Path,
    bundled: Callable[[], Language],
    saved_again: Callable[[Language], Language],
    order: tuple[str, str],
) -> None:
    """``ent.kb_id_`` is ours in either order, ``ent._.kb_ents`` those of the later one."""
    nlp = bundled()
    nlp.add_pipe("abbreviation_detector", config={"make_serializable": True})
    configs = {"litbert_linker": {"kb": str(folder / "kb")}, "scispacy_linker": {**THEIRS, "threshold": 0.99}}
    for name in order:
        nlp.add_pipe(name, config=configs[name])
    doc = nlp(TEXT)
    ids = [ent.kb_id_ for ent in doc.ents]
    assert ids[:4] == ["X:1", "X:2", "X:2", "X:2"]
    assert links(doc)[:2] == [[("X:1", 1.0)], [("X:2", 1.0)]]
    only = nlp.select_pipes(disable=order[0])
    assert links(doc) == links(nlp(TEXT))
    only.restore()
    [stored] = DocBin(store_user_data=True, docs=[doc]).get_docs(nlp.vocab)
    for other in [stored, saved_again(nlp)(TEXT), *in_two_processes(nlp, [TEXT] * 4)]:
        assert [ent.kb_id_ for ent in other.ents] == ids
        assert links(other) == links(doc)


def test_an_empty_doc_and_one_without_entities(folder: Path, bundled: Callable[[], Language]) -> None:
    nlp = bundled()
    nlp.add_pipe("litbert_linker", config={"kb": str(folder / "kb")})
    nlp.add_pipe("scispacy_linker", config=THEIRS)
    assert nlp("").ents == nlp("Nothing.").ents == ()
