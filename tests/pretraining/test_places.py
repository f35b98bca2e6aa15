"""Folders that hold something else: nothing in them is replaced or removed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from spacy_litbert.checkpoints.tokenizer_files import write_tokenizer
from spacy_litbert.errors import LitBertError
from spacy_litbert.pretraining.config import Settings
from spacy_litbert.pretraining.earlier import read_record
from spacy_litbert.pretraining.export import export
from spacy_litbert.pretraining.prepare import prepare
from spacy_litbert.pretraining.run import pretrain
from spacy_litbert.pretraining.shards import Corpus
from spacy_litbert.tokenization.vocabulary import SPECIAL_TOKENS, Vocabulary

from ..conftest import load_script
from .conftest import PROJECT

MakeSettings = Callable[..., Settings]
OTHER = Vocabulary((*SPECIAL_TOKENS, "gene"))


@pytest.fixture
def fetch_start() -> ModuleType:
    return load_script(PROJECT / "scripts" / "fetch_start.py")


def test_fetched_weights_replace_no_folder_of_another_kind(fetch_start: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "thesis.md").write_text("mine", "utf8")
    with pytest.raises(LitBertError, match=r"L218.*thesis\.md"):
        fetch_start.fetch(tmp_path)
    assert (tmp_path / "thesis.md").read_text("utf8") == "mine"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("run.json", '{"mine": 1}', "L516"),
        ("curve.csv", "name,score\n", "L514"),
        ("heldout.csv", "name,score\na,1\n", "L514"),
        ("vocab.txt", "\n".join(OTHER.tokens), "L218.*vocabulary"),
        ("bert_config.json", "{}", "L218.*model"),
    ],
)
def test_a_run_replaces_no_file_of_another_kind(
    make_settings: MakeSettings, tmp_path: Path, name: str, content: str, code: str
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / name).write_text(content, "utf8")
    with pytest.raises(LitBertError, match=code):
        pretrain(make_settings("run"), progress=False)
    assert [path.name for path in (tmp_path / "run").iterdir()] == [name]
    assert (tmp_path / "run" / name).read_text("utf8") == content


def test_a_run_begins_anew_where_another_lost_its_checkpoints(make_settings: MakeSettings, tmp_path: Path) -> None:
    settings = make_settings("run", training__steps=2)
    assert pretrain(settings, progress=False)
    before = (tmp_path / "run" / "curve.csv").read_text("utf8")
    for checkpoint in (tmp_path / "run").glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
    assert pretrain(settings, progress=False)
    assert (tmp_path / "run" / "curve.csv").read_text("utf8").count("\n") == before.count("\n")


@pytest.mark.parametrize("is_model", [True, False])
def test_shards_replace_no_vocabulary_of_another_kind(tmp_path: Path, vocabulary: Vocabulary, is_model: bool) -> None:
    write_tokenizer(OTHER, tmp_path, model_max_length=512)
    if is_model:
        (tmp_path / "bert_config.json").write_text("{}", "utf8")
    with pytest.raises(LitBertError, match="L218"):
        prepare([PROJECT / "text" / "heldout.jsonl"], tmp_path, vocabulary, progress=False)
    assert Vocabulary.from_folder(tmp_path).tokens == OTHER.tokens


def test_held_out_shards_are_not_emptied_of_themselves(tmp_path: Path, vocabulary: Vocabulary) -> None:
    paths = [PROJECT / "text" / "heldout.jsonl"]
    prepare(paths, tmp_path, vocabulary, progress=False)
    before = Corpus(tmp_path).checksum()
    with pytest.raises(LitBertError, match="L218"):
        prepare(paths, tmp_path, vocabulary, apart_from=tmp_path, progress=False)
    assert Corpus(tmp_path).checksum() == before


def test_an_export_replaces_no_weights_of_another_name(make_settings: MakeSettings, tmp_path: Path) -> None:
    settings = make_settings("run", training__steps=1)
    assert pretrain(settings, progress=False)
    mine = Path(settings.export.folder) / "model-finetuned.safetensors"
    mine.write_text("mine", "utf8")
    with pytest.raises(LitBertError, match=r"L218.*model-finetuned"):
        pretrain(settings, resume=True, progress=False)
    assert mine.read_text("utf8") == "mine"


def test_an_export_is_never_taken_for_a_checkpoint(make_settings: MakeSettings, tmp_path: Path) -> None:
    settings = make_settings("run", training__steps=1, export__folder=str(tmp_path / "run" / "checkpoint-99999999"))
    with pytest.raises(LitBertError, match=r"L218.*name of a checkpoint"):
        pretrain(settings, progress=False)


def test_a_call_that_is_refused_leaves_the_vocabulary_as_it_was(tmp_path: Path, vocabulary: Vocabulary) -> None:
    paths = [PROJECT / "text" / "heldout.jsonl"]
    prepare(paths, tmp_path / "text", vocabulary, progress=False)
    before = Corpus(tmp_path / "text").checksum()
    with pytest.raises(LitBertError, match=r"L502.*nowhere"):
        prepare(paths, tmp_path / "text", OTHER, apart_from=tmp_path / "nowhere", progress=False)
    assert Corpus(tmp_path / "text").checksum() == before


def test_the_files_of_the_vocabulary_stay_as_they_are(tmp_path: Path, vocabulary: Vocabulary) -> None:
    write_tokenizer(vocabulary, tmp_path, model_max_length=128)
    prepare([PROJECT / "text" / "heldout.jsonl"], tmp_path, vocabulary, progress=False)
    assert '"model_max_length": 128' in (tmp_path / "tokenizer_config.json").read_text("utf8")


def test_a_file_whose_name_is_not_utf8_is_in_the_record(
    make_settings: MakeSettings, tmp_path: Path, prepared: Path, vocabulary: Vocabulary
) -> None:
    text = tmp_path / "t\udce9xt.jsonl"
    shutil.copy(PROJECT / "text" / "heldout.jsonl", text)
    prepare([text], tmp_path / "d\udce9", vocabulary, progress=False)
    settings = make_settings(
        training__steps=1, data__train=str(tmp_path / "d\udce9"), data__heldout=str(tmp_path / "h")
    )
    prepare([_own(tmp_path)], tmp_path / "h", vocabulary, progress=False)
    assert pretrain(settings, progress=False)
    assert read_record(Path(settings.export.folder) / "run.json")["text"]["files"][0]["file"] == text.name


def _own(folder: Path) -> Path:
    (folder / "own.txt").write_text("Mice had fever. Rats had none.\n\nCats were well. Dogs were not.\n", "utf8")
    return folder / "own.txt"


def test_an_export_keeps_the_licence_that_was_put_into_it(make_settings: MakeSettings, tmp_path: Path) -> None:
    settings = make_settings("run", training__steps=2)
    assert pretrain(settings, progress=False)
    licence = Path(settings.export.folder) / "LICENSE"
    licence.write_text("MIT", "utf8")
    export(tmp_path / "run", licence.parent)
    assert licence.read_text("utf8") == "MIT"


def test_text_in_a_hidden_file_is_not_lost(tmp_path: Path, vocabulary: Vocabulary) -> None:
    hidden = tmp_path / ".text.jsonl"
    shutil.copy(PROJECT / "text" / "heldout.jsonl", hidden)
    with pytest.raises(LitBertError, match=r"L222.*\.text\.jsonl"):
        prepare([hidden], tmp_path / "shards", vocabulary, progress=False)
    assert not (tmp_path / "shards").exists()
