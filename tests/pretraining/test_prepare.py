from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spacy_litbert.corpora.unlabelled_text import read_documents
from spacy_litbert.errors import LitBertError
from spacy_litbert.pretraining.prepare import prepare
from spacy_litbert.pretraining.sentences import split_sentences
from spacy_litbert.pretraining.shards import Corpus, read_shard, shard_name
from spacy_litbert.tokenization.vocabulary import SPECIAL_TOKENS, Vocabulary


def _write(path: Path, documents: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(document) + "\n" for document in documents), encoding="utf8")
    return path


def test_keeps_every_sentence_and_document(texts: list[Path], corpus: Corpus, vocabulary: Vocabulary) -> None:
    documents = [document for path in texts for document in read_documents(path)]
    assert len(corpus.document_starts) == len(documents) + 1
    tokenizer = vocabulary.tokenizer()
    for i in (0, 23, 24, 43):  # the first and last of both shards
        sentences = [sentence for text in documents[i].texts for sentence in split_sentences(text)]
        first, last = corpus.document_starts[i], corpus.document_starts[i + 1]
        assert last - first == len(sentences)
        begin = corpus.sentence_starts[first:last]
        lengths = np.diff(corpus.sentence_starts[first : last + 1])
        found = np.split(corpus.tokens(begin, lengths), np.cumsum(lengths)[:-1])
        assert [ids.tolist() for ids in found] == [tokenizer.encode(sentence).ids for sentence in sentences]


def test_runs_from_several_shards_keep_their_order(corpus: Corpus) -> None:
    order = np.array([40, 2, 30, 1, 43, 0])
    begin = corpus.sentence_starts[corpus.document_starts[order]]
    lengths = np.full(6, 5)
    together = corpus.tokens(begin, lengths).reshape(6, 5)
    for i in range(6):
        assert together[i].tolist() == corpus.tokens(begin[i : i + 1], lengths[:1]).tolist()
    assert not len(corpus.tokens(begin[:0], lengths[:0]))


def test_processes_make_the_same_shards(
    tmp_path: Path, texts: list[Path], vocabulary: Vocabulary, prepared: Path
) -> None:
    prepare(texts, tmp_path, vocabulary, workers=2, progress=False)
    for path in (prepared / "train").glob("*/*"):
        assert path.read_bytes() == (tmp_path / path.relative_to(prepared / "train")).read_bytes()


def test_goes_on_where_it_was_interrupted(tmp_path: Path, texts: list[Path], vocabulary: Vocabulary) -> None:
    prepare(texts[:1], tmp_path, vocabulary, progress=False)
    before = (tmp_path / "text-00" / "shard.json").stat().st_mtime_ns
    shutil.copytree(tmp_path / "text-00", tmp_path / ".text-01.999999.partial")  # what a killed call leaves behind
    prepare(texts, tmp_path, vocabulary, progress=False)
    assert (tmp_path / "text-00" / "shard.json").stat().st_mtime_ns == before
    assert len(Corpus(tmp_path).shards) == 2


def test_nothing_left_is_an_error(tmp_path: Path, vocabulary: Vocabulary) -> None:
    text = _write(tmp_path / "a.jsonl", [{"id": "a", "text": "Mice."}, {"id": "b", "text": " "}])
    for _ in range(2):  # the second time by what its shard says
        with pytest.raises(LitBertError, match=r"L416.*a\.jsonl.* 1 were to be left out.* 1 have no text"):
            prepare([text], tmp_path / "out", vocabulary, exclude=frozenset("a"), progress=False)


def test_drops_duplicates_and_exclusions(tmp_path: Path, vocabulary: Vocabulary) -> None:
    same = {"id": "a", "text": "Mice were  healthy."}
    first = _write(tmp_path / "first.jsonl", [same, {"id": "b", "text": "Rats were not."}])
    second = _write(
        tmp_path / "second.jsonl", [{**same, "id": "c", "text": "Mice were healthy."}, {"text": "Cats ate."}]
    )
    prepare([first, second], tmp_path / "out", vocabulary, exclude=frozenset("b"), progress=False)
    shutil.rmtree(tmp_path / "out" / "second")  # the second time, the first shard's texts are known from its folder
    prepare([first, second], tmp_path / "out", vocabulary, exclude=frozenset("b"), progress=False)
    counts = [
        {name: shard.description[name] for name in ("documents", "duplicates", "excluded")}
        for shard in Corpus(tmp_path / "out").shards
    ]
    assert counts == [
        {"documents": 1, "duplicates": 0, "excluded": 1},
        {"documents": 1, "duplicates": 1, "excluded": 0},
    ]


def test_a_changed_file_is_read_again(tmp_path: Path, vocabulary: Vocabulary) -> None:
    path = _write(tmp_path / "a.jsonl", [{"text": "Mice were healthy."}])
    prepare([path], tmp_path / "out", vocabulary, progress=False)
    _write(path, [{"text": "Mice were healthy."}, {"text": "Rats were not."}])
    prepare([path], tmp_path / "out", vocabulary, progress=False)
    assert len(read_shard(tmp_path / "out" / "a").documents) == 2


def _texts_of(*names: str, folder: Path) -> dict[str, Path]:
    """Files a, b, … of two documents each; all share the first one."""
    shared = {"text": "Mice were healthy."}
    return {name: _write(folder / f"{name}.jsonl", [shared, {"text": f"Rat {name} ate."}]) for name in names}


def _counts(folder: Path) -> dict[str, int]:
    return {shard.description["file"]: len(shard.documents) for shard in Corpus(folder).shards}


@pytest.mark.parametrize("then", ["abc", "bca", "ba", "cb", "c", "dabc"])
def test_what_was_there_before_makes_no_difference(tmp_path: Path, vocabulary: Vocabulary, then: str) -> None:
    files = _texts_of(*"abcd", folder=tmp_path)
    prepare([files[name] for name in "bc"], tmp_path / "out", vocabulary, progress=False)
    prepare([files[name] for name in then], tmp_path / "out", vocabulary, progress=False)
    prepare([files[name] for name in then], tmp_path / "fresh", vocabulary, progress=False)
    assert _counts(tmp_path / "out") == _counts(tmp_path / "fresh")
    assert sum(_counts(tmp_path / "out").values()) == len(then) + 1
    assert Corpus(tmp_path / "out").descriptions == Corpus(tmp_path / "fresh").descriptions


def test_nothing_is_removed_that_prepare_did_not_write(tmp_path: Path, vocabulary: Vocabulary) -> None:
    files, out = _texts_of(*"abc", folder=tmp_path), tmp_path / "out"
    prepare([files["a"]], out, vocabulary, progress=False)
    note = out / "a" / "note.txt"
    for path in (note, out / "b" / "mine.txt", out / "c" / "mine.txt"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    for wanted, found in (("c", "mine"), ("a", "note"), ("b", "mine")):
        _write(files["a"], [{"text": "Other mice."}])
        with pytest.raises(LitBertError, match=rf"L218.*{found}"):
            prepare([files[name] for name in wanted], out, vocabulary, progress=False)
    (out / "b" / "mine.txt").unlink()
    with pytest.raises(LitBertError, match=r"L218.*note\.txt"):  # the folder "a" would be removed
        prepare([files["b"]], out, vocabulary, progress=False)
    note.unlink()
    prepare([files["b"]], out, vocabulary, progress=False)
    assert not (out / "a").exists()
    assert (out / "c" / "mine.txt").read_text() == "mine"


def test_counts_what_has_no_text(tmp_path: Path, vocabulary: Vocabulary) -> None:
    path = _write(tmp_path / "a.jsonl", [{"text": "Mice ate."}, {"text": " "}, {"title": "Mice", "paragraphs": []}])
    prepare([path], tmp_path / "out", vocabulary, progress=False)
    description = read_shard(tmp_path / "out" / "a").description
    assert (description["documents"], description["without_text"]) == (1, 2)


def test_refuses_what_is_no_file(tmp_path: Path, vocabulary: Vocabulary) -> None:
    (tmp_path / "a.jsonl").mkdir()
    with pytest.raises(LitBertError, match=r"L225.*a\.jsonl"):
        prepare([tmp_path / "a.jsonl"], tmp_path / "out", vocabulary, progress=False)


def test_counts_by_source_and_licence(corpus: Corpus) -> None:
    origins = [origin for one in corpus.descriptions for origin in one["origins"]]
    assert {(origin["source"], origin["license"]) for origin in origins} == {("sample", "CC0-1.0")}
    assert sum(origin["tokens"] for origin in origins) == corpus.n_tokens
    assert sum(origin["documents"] for origin in origins) == 44


def test_refuses_damaged_shards(tmp_path: Path, prepared: Path) -> None:
    shutil.copytree(prepared / "train", tmp_path / "a")
    path = tmp_path / "a" / "text-00" / "tokens.npy"
    path.write_bytes(path.read_bytes()[:-2] + b"xx")
    with pytest.raises(LitBertError, match="L210"):
        Corpus(tmp_path / "a")
    description = path.with_name("shard.json")
    description.write_text(description.read_text("utf8").replace('"files"', '"fils"'), "utf8")
    with pytest.raises(LitBertError, match="L210"):
        Corpus(tmp_path / "a")
    path.unlink()
    with pytest.raises(LitBertError, match=r"L224.*tokens\.npy"):
        Corpus(tmp_path / "a")


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("origins", None),
        ("origins", {"source": "x"}),
        ("origins", ["x"]),
        ("origins", [{"source": "x", "license": "y", "documents": 1}]),
        ("file", 5),
        ("file_checksum", None),
        ("tokens", "many"),
        ("wordpiece_dropout", "0.1"),
    ],
)
def test_refuses_a_shard_that_does_not_say_what_it_was_made_of(
    tmp_path: Path, prepared: Path, part: str, value: object
) -> None:
    folder = shutil.copytree(prepared / "heldout" / "heldout", tmp_path / "a")
    description = json.loads((folder / "shard.json").read_text("utf8"))
    parts = {key: one for key, one in {**description, part: value}.items() if one is not None}
    (folder / "shard.json").write_text(json.dumps(parts), "utf8")
    with pytest.raises(LitBertError, match=rf"L502.*{part}"):
        read_shard(folder)


def test_a_file_whose_shard_would_be_hidden_is_refused() -> None:
    assert shard_name(Path("in", "a.b.jsonl.xz")) == "a.b"
    for name in (".hidden.jsonl", ".jsonl"):
        with pytest.raises(LitBertError, match=rf"L222.*in/{name}.*hidden"):
            shard_name(Path("in", name))


def test_refuses_another_vocabulary_or_nothing(tmp_path: Path, prepared: Path) -> None:
    shutil.copytree(prepared / "train", tmp_path / "a")
    (tmp_path / "a" / "tokenizer_config.json").unlink()
    text = (tmp_path / "a" / "tokenizer.json").read_text("utf8")
    (tmp_path / "a" / "tokenizer.json").write_text(text.replace('"lowercase": false', '"lowercase": true'), "utf8")
    with pytest.raises(LitBertError, match=r"L502.*another vocabulary"):
        Corpus(tmp_path / "a")
    with pytest.raises(LitBertError, match="L502"):
        Corpus(tmp_path)


def test_refuses_large_vocabularies_and_doubled_names(
    tmp_path: Path, texts: list[Path], vocabulary: Vocabulary
) -> None:
    large = Vocabulary((*SPECIAL_TOKENS, *map(str, range(1 << 16))))
    with pytest.raises(LitBertError, match="L508"):
        prepare(texts, tmp_path, large)
    with pytest.raises(LitBertError, match=r"L402.*text-00"):
        prepare([texts[0], texts[0]], tmp_path, vocabulary)


def test_a_command_that_can_not_go_on_prints_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "spacy_litbert.pretraining.prepare", str(tmp_path / "out"), "--vocabulary", "none"]
    done = subprocess.run([*command, str(tmp_path / "nothing.*")], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("✘ [L224]")
    assert "Traceback" not in done.stderr
