from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import spacy
from typer.testing import CliRunner

from spacy_litbert.cli import app
from spacy_litbert.errors import LitBertError
from spacy_litbert.models.lengths import build_wordpiece_length_v1
from spacy_litbert.tokenization.report import report_tokens
from spacy_litbert.tokenization.vocabulary import SPECIAL_TOKENS, Vocabulary, read_vocabulary

TOKENS = (*SPECIAL_TOKENS, "[unused1]", "mice", "fe", "##ver", ".", "Mice")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "cased.txt").write_text("\n".join(TOKENS), "utf8")
    (tmp_path / "uncased.txt").write_text("\n".join(TOKENS[:-1]), "utf8")
    (tmp_path / "text.jsonl").write_text('{"text": "Mice fever ♂ ."}\n', "utf8")
    return tmp_path


def test_counts() -> None:
    report = report_tokens("toy", Vocabulary(TOKENS), ["Mice fever ♂ .", "fever"])
    assert (report.words, report.characters, report.pieces, report.unknown) == (5, 19, 7, 1)
    assert report.pieces_per_word == 7 / 5
    assert report.characters_per_512 == 512 * 19 / 7
    assert report.unknown_share == 1 / 7


def test_a_bare_file_without_capitals_is_lower_cased(files: Path) -> None:
    assert read_vocabulary(files / "uncased.txt").lowercase
    assert not read_vocabulary(files / "cased.txt").lowercase


def test_shows_reports_and_plots(files: Path) -> None:
    pytest.importorskip("matplotlib")
    names = [str(files / name) for name in ("cased.txt", "uncased.txt")]
    outputs = ["--json", str(files / "out.json"), "--plot", str(files / "out.png")]
    result = CliRunner().invoke(
        app, ["tokens", *names, "--show", "Mice fever [SEP]", "--texts", str(files / "text.jsonl"), *outputs]
    )
    assert result.exit_code == 0, result.output
    assert "Mice fe ##ver [UNK] [UNK] [UNK]" in result.output
    assert "mice fe ##ver [UNK] [UNK] [UNK]" in result.output
    reports = json.loads((files / "out.json").read_text("utf8"))
    assert [one["unknown"] for one in reports] == [1, 1]
    assert (files / "out.png").stat().st_size > 1000


def test_knows_bundled_names_and_asks_for_a_text() -> None:
    result = CliRunner().invoke(app, ["tokens", "litbert-oa-small", "--show", "fever"])
    assert "fever" in result.output
    assert CliRunner().invoke(app, ["tokens", "litbert-oa-small"]).exit_code == 1


def test_knows_weights_by_all_of_their_names(checkpoint: Path, tmp_path: Path) -> None:
    inside = Path(shutil.copytree(checkpoint, tmp_path / "outer" / "inner"))
    archive = shutil.make_archive(str(tmp_path / "weights"), "zip", inside)
    doc = spacy.blank("en")("Mice had fever.")
    expected = build_wordpiece_length_v1(str(checkpoint))(doc)
    words = tmp_path / "words"  # of weights that are not there
    words.mkdir()
    shutil.copy(inside / "vocab.txt", words)
    shutil.copy(inside / "tokenizer_config.json", words)
    for name in (inside.parent, archive, words, words / "vocab.txt"):
        result = CliRunner().invoke(app, ["tokens", str(name), "--show", "fever"])
        assert result.exit_code == 0, result.output
        assert build_wordpiece_length_v1(str(name))(doc) == expected
    shutil.rmtree(words / ".." / "outer" / "inner")
    with pytest.raises(LitBertError, match=r"L213.*vocab\.txt or tokenizer\.json"):
        build_wordpiece_length_v1(str(inside.parent))


def test_an_image_that_nobody_draws_is_refused_before_the_work(files: Path) -> None:
    arguments = ["tokens", "litbert-oa-small", "--texts", str(files / "none.txt"), "--plot", "p.foo"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1
    assert "L003" in done.output
    assert ".svg" in done.output


@pytest.mark.parametrize("option", ["--json", "--plot"])
def test_writes_over_nothing_that_it_reads(files: Path, option: str) -> None:
    texts = (files / "text.jsonl").rename(files / "text.jsonl.png")
    texts.with_suffix("").symlink_to(texts)  # read as JSONL
    for target in (texts, files / "cased.txt" / "x.png"):
        arguments = ["tokens", str(files / "cased.txt"), "--texts", str(texts.with_suffix("")), option, str(target)]
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 1
        assert "L218" in done.output
    assert texts.read_text("utf8").startswith("{")


@pytest.mark.parametrize("option", ["--json", "--plot"])
def test_figures_without_files_are_refused(files: Path, option: str) -> None:
    target = files / "out.png"
    done = CliRunner().invoke(app, ["tokens", "litbert-oa-small", "--show", "fever", option, str(target)])
    assert done.exit_code == 1
    assert "--texts" in done.output
    assert not target.exists()
