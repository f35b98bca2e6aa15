"""How projects/ner gets its corpora: fetched from anywhere, checked, converted."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import srsly
from convert import convert
from weasel.util import load_project_config

from spacy_litbert.corpora.digest import content_digest
from spacy_litbert.corpora.read import read_documents
from spacy_litbert.errors import LitBertError
from spacy_litbert.workflow.fetch import fetch

from .conftest import NER

CONFIG = NER.parent.parent / "configs" / "ner_cpu.cfg"
PUBTATOR = (
    "{id}|t|Zinomycin\n{id}|a|caused fits.\n{id}\t0\t9\tZinomycin\tChemical\tC1\n{id}\t17\t21\tfits\tDisease\tD1\n"
)
ENTITIES = [{"start": 0, "end": 9, "label": "Chemical"}, {"start": 17, "end": 21, "label": "Disease"}]
JSONL = {"text": "Zinomycin caused fits.", "entities": ENTITIES}


class Breaking(SimpleHTTPRequestHandler):
    """Sends half of each file that is asked for, and closes the connection."""

    def copyfile(self, source: Any, outputfile: Any) -> None:
        if self.command == "GET":
            content = source.read()
            outputfile.write(content[: len(content) // 2])


@contextmanager
def serving(folder: Path, handler: type[SimpleHTTPRequestHandler] = SimpleHTTPRequestHandler) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder with one corpus on record, `mini`, and its public addresses."""
    folder = tmp_path / "project"
    folder.mkdir()
    splits = {}
    for number, split in enumerate(("train", "dev", "test")):
        write(tmp_path / "public" / f"{split}.txt", PUBTATOR.format(id=number))
        write(tmp_path / "local" / "mini" / f"{split}.jsonl", json.dumps({"id": str(number), **JSONL}) + "\n")
        digest = content_digest(read_documents(tmp_path / "public" / f"{split}.txt"))
        splits[split] = {"text": {"documents": 1, "mentions": 2, "digest": digest}}
    assets = [{"dest": f"assets/mini/{s}.txt", "url": str(tmp_path / "public" / f"{s}.txt")} for s in splits]
    srsly.write_yaml(folder / "project.yml", {"assets": assets})
    srsly.write_json(folder / "corpora.json", {"mini": {"labels": {}, "splits": splits}})
    return folder


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf8")


def test_public_and_local_files_give_the_same_docbin(project: Path, tmp_path: Path) -> None:
    results = []
    for data in ("", str(tmp_path / "local")):
        files = fetch("mini", data, project)
        assert sorted((project / "assets" / "mini").iterdir()) == sorted(files)
        convert("mini", CONFIG, project)
        results.append({path.name: path.read_bytes() for path in (project / "corpus" / "mini").iterdir()})
    assert sorted(results[0]) == [f"{s}.{e}" for s in ("dev", "test", "train") for e in ("jsonl", "spacy")]
    assert results[0] == results[1]


def test_a_web_address_will_do(project: Path, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "local" / "mini", tmp_path / "local" / "Läsionen 2")
    with serving(tmp_path / "local") as address:
        files = [*fetch("mini", address, project), *fetch("Läsionen 2", address, project)]
        with pytest.raises(LitBertError, match=r"L406.*no file for the train split of none"):
            fetch("none", address, project)
    assert [path.read_text() for path in files] == [
        (tmp_path / "local" / path.parent.name / path.name).read_text() for path in files
    ]
    with pytest.raises(LitBertError, match=r"L412.*127.0.0.1.*refused.*set `data` to a folder"):
        fetch("mini", address, project)


def test_half_a_file_is_none(project: Path, tmp_path: Path) -> None:
    with (
        serving(tmp_path / "local", Breaking) as address,
        pytest.raises(LitBertError, match=r"L412.*bytes did not come"),
    ):
        fetch("mini", address, project)
    assert not (project / "assets" / "mini" / "train.jsonl").exists()


def test_a_public_address_that_is_gone_is_named(project: Path, tmp_path: Path) -> None:
    settings = srsly.read_yaml(project / "project.yml")
    with serving(tmp_path / "local") as address:
        settings["assets"][0]["url"] = f"{address}gone.txt"
        srsly.write_yaml(project / "project.yml", settings)
        with pytest.raises(LitBertError, match=r"L412.*gone\.txt.*404.*set `data`"):
            fetch("mini", "", project)
    assert not (project / "assets" / "mini" / "train.txt").exists()


def test_files_of_a_user_in_the_projects_own_folder_are_not_converted_away(project: Path, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "local" / "mini", project / "corpus" / "mini")
    before = (project / "corpus" / "mini" / "train.jsonl").read_text()
    for data in (str(project / "corpus"), str(project / "assets" / ".." / "corpus")):
        with pytest.raises(LitBertError, match=r"L410.*Move them"):
            fetch("mini", data, project)
    assert (project / "corpus" / "mini" / "train.jsonl").read_text() == before


def test_what_was_downloaded_is_not_downloaded_again(project: Path, tmp_path: Path) -> None:
    write(project / "assets" / "mini" / "dev.txt", "kept")
    assert [path.read_text() == "kept" for path in fetch("mini", "", project)] == [False, True, False]


def test_a_split_without_a_file_is_an_error(project: Path, tmp_path: Path) -> None:
    (tmp_path / "local" / "mini" / "dev.jsonl").unlink()
    with pytest.raises(LitBertError, match=r"L406.*no file for the dev split of mini.*\.jsonl\.gz"):
        fetch("mini", str(tmp_path / "local"), project)
    with pytest.raises(LitBertError, match=r"L406.*no file for the train split of other in the assets"):
        fetch("other", "", project)


def test_a_split_with_two_files_is_an_error(project: Path, tmp_path: Path) -> None:
    write(tmp_path / "local" / "mini" / "dev.tsv", "word\tO\n")
    with pytest.raises(LitBertError, match=r"L406.*dev\.jsonl, dev\.tsv for the dev split"):
        fetch("mini", str(tmp_path / "local"), project)


def test_a_changed_corpus_is_an_error(project: Path, tmp_path: Path) -> None:
    path = tmp_path / "local" / "mini" / "dev.jsonl"
    write(path, path.read_text().replace("Disease", "Symptom"))
    fetch("mini", str(tmp_path / "local"), project)
    with pytest.raises(LitBertError, match=r"L405.*not the dev split of mini.*1 documents and 2 mentions"):
        convert("mini", CONFIG, project)


def test_of_a_corpus_that_is_refused_nothing_is_written(project: Path, tmp_path: Path) -> None:
    """Half of the mentions of the test split lie off the token boundaries."""
    shutil.copytree(tmp_path / "local" / "mini", tmp_path / "local" / "mine")
    test = {"id": "9", "text": JSONL["text"], "entities": [{"start": 0, "end": 4, "label": "Chemical"}, ENTITIES[1]]}
    write(tmp_path / "local" / "mine" / "test.jsonl", json.dumps(test) + "\n")
    fetch("mine", str(tmp_path / "local"), project)
    with pytest.raises(LitBertError, match="L404"):
        convert("mine", CONFIG, project)
    assert not (project / "corpus" / "mine").exists()


@pytest.mark.parametrize(
    ("split", "row", "message"),
    [
        ("train", {"text": "Nothing here.", "entities": []}, "L417.*train split of mine has no mention: .*learned"),
        (
            "dev",
            {"text": "Nothing here.", "entities": []},
            "L417.*dev split of mine has no mention of Chemical, Disease",
        ),
        ("dev", {"text": "a" * 1_000_001, "entities": [ENTITIES[0]]}, r"L418.*dev of mine has 1,000,001"),
    ],
)
def test_a_corpus_that_nothing_can_be_learned_of_is_refused(
    project: Path, tmp_path: Path, split: str, row: dict[str, Any], message: str
) -> None:
    shutil.copytree(tmp_path / "local" / "mini", tmp_path / "local" / "mine")
    write(tmp_path / "local" / "mine" / f"{split}.jsonl", json.dumps({"id": "9", **row}) + "\n")
    fetch("mine", str(tmp_path / "local"), project)
    with pytest.raises(LitBertError, match=message):
        convert("mine", CONFIG, project)
    assert not (project / "corpus" / "mine").exists()


def test_labels_that_nobody_can_learn_are_said(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(tmp_path / "local" / "mini", tmp_path / "local" / "mine")
    test = {"id": "9", "text": JSONL["text"], "entities": [{**ENTITIES[0], "label": "Gene"}, ENTITIES[1]]}
    write(tmp_path / "local" / "mine" / "test.jsonl", json.dumps(test) + "\n")
    fetch("mine", str(tmp_path / "local"), project)
    convert("mine", CONFIG, project)
    assert "test: nothing in train is labelled Gene" in capsys.readouterr().out


def test_an_unknown_corpus_is_converted_unchecked(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "local" / "mini").rename(tmp_path / "local" / "mine")
    fetch("mine", str(tmp_path / "local"), project)
    convert("mine", CONFIG, project)
    assert "nothing was checked" in capsys.readouterr().out


def test_sentences_of_token_files_have_ids_of_their_own(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for split in ("train", "dev", "test"):
        write(tmp_path / "tokens" / "mini" / f"{split}.tsv", "Zinomycin\tB-Chemical\nworks\tO\n\n")
    srsly.write_json(project / "corpora.json", {})
    fetch("mini", str(tmp_path / "tokens"), project)
    convert("mini", CONFIG, project)
    ids = [row["id"] for split in ("train", "dev") for row in srsly.read_jsonl(project / f"corpus/mini/{split}.jsonl")]
    assert ids == ["mini-train-1", "mini-dev-1"]
    assert "test: 1 of its 1 texts stand in train as well" in capsys.readouterr().out


def assets_of(tmp_path: Path, data: str) -> list[dict[str, Any]]:
    shutil.copy(NER / "project.yml", tmp_path)
    return load_project_config(tmp_path, overrides={"vars.data": data})["assets"]


def test_every_corpus_has_addresses_pinned_to_a_commit(tmp_path: Path) -> None:
    assets = assets_of(tmp_path, "")
    corpora = srsly.read_json(NER / "corpora.json")
    expected = [f"assets/{name}/{split}." for name in corpora if name != "toy" for split in corpora[name]["splits"]]
    assert [asset["dest"].rpartition(".")[0] + "." for asset in assets] == expected
    assert all(re.search(r"/[0-9a-f]{40}/", asset["url"]) for asset in assets)


def test_local_data_takes_the_place_of_downloads(tmp_path: Path) -> None:
    # What is marked as extra, `spacy project assets` leaves alone.
    wanted = [asset["dest"] for asset in assets_of(tmp_path, "") if not asset["extra"]]
    assert wanted == [f"assets/bc5cdr/{split}.txt" for split in ("train", "dev", "test")]
    assert all(asset["extra"] for asset in assets_of(tmp_path, "/some/folder"))
