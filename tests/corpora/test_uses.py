"""Files as they come from others: nothing of them is lost without a word, and nothing of the user's is written over."""

from __future__ import annotations

import gzip
import json
import os
import random
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_litbert.cli.corpus import corpus
from spacy_litbert.corpora.docbin import read_docbin, to_docbin, write_docbin
from spacy_litbert.corpora.docs import document_of
from spacy_litbert.corpora.document import Document, Mention, Passage
from spacy_litbert.corpora.formats import find_files, text_items
from spacy_litbert.corpora.jsonl import jsonl_line
from spacy_litbert.corpora.training import build_brat_reader_v1, build_jsonl_reader_v1
from spacy_litbert.corpora.writers.pubtator import pubtator_block
from spacy_litbert.errors import LitBertError

NLP = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "spacy-litbert.BiomedicalTokenizer.v1"}}})
DOCUMENT = Document("1", "On zinomycin.", (Mention(3, 12, "Chemical", "C1"),))
ENTITY = "T1\tChemical 3 12\tzinomycin\n"


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf8"))
    return path


def texts(path: Path) -> list[Any]:
    return [item.text if isinstance(item, Document) else str(item) for item in text_items(path)]


def made(path: Path) -> list[Document]:
    return [document_of(doc) for doc in DocBin().from_disk(path).get_docs(NLP.vocab)]


def test_a_forgotten_output_overwrites_no_corpus(tmp_path: Path) -> None:
    train, dev = (write(tmp_path / f"{name}.jsonl", jsonl_line(DOCUMENT)) for name in ("train", "dev"))
    with pytest.raises(LitBertError, match=r"L218.*dev\.jsonl.*Is OUTPUT missing"):
        corpus([train], dev, force=True)
    assert dev.read_text() == jsonl_line(DOCUMENT)


def test_a_link_a_pipe_or_a_device_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    source, real = write(tmp_path / "a.jsonl", jsonl_line(DOCUMENT)), write(tmp_path / "real", "mine")
    link, pipe = tmp_path / "link.spacy", tmp_path / "pipe.spacy"
    link.symlink_to(real)
    os.mkfifo(pipe)
    for target in (link, pipe):
        with pytest.raises(LitBertError, match=r"L218.*a link, a pipe or a device"):
            corpus([source], target, force=True)
    assert link.is_symlink()
    assert pipe.is_fifo()
    assert real.read_text() == "mine"


def test_a_folder_of_brat_is_the_same_folder_for_everybody(tmp_path: Path) -> None:
    for name in ("a.txt", "sub/b.txt", "c.txt.gz", "D.TXT", "e.xml.txt"):
        content = DOCUMENT.text.encode()
        write(tmp_path / "in" / name, gzip.compress(content) if name.endswith(".gz") else content)
    for name in ("a", "sub/b", "c", "D", "e.xml"):
        write(tmp_path / "in" / f"{name}.ann", ENTITY)
    write(tmp_path / "in" / "._a.txt", b"\0\0of the Finder")
    corpus([tmp_path / "in"], tmp_path / "a.spacy")
    assert sorted(one.id for one in made(tmp_path / "a.spacy")) == ["D", "a", "b", "c", "e.xml"]
    examples = list(build_brat_reader_v1(tmp_path / "in")(NLP))
    assert [len(example.reference.ents) for example in examples] == [1] * 5


def test_links_in_a_folder_are_followed_once(tmp_path: Path) -> None:
    write(tmp_path / "other" / "o.jsonl", jsonl_line(DOCUMENT))
    write(tmp_path / "in" / "a.jsonl", jsonl_line(DOCUMENT))
    (tmp_path / "in" / "linked").symlink_to(tmp_path / "other")
    (tmp_path / "in" / "again").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "same.jsonl").symlink_to(tmp_path / "in" / "a.jsonl")
    found = find_files([tmp_path / "in", tmp_path / "in" / "a.jsonl"])
    assert [str(path.relative_to(tmp_path)) for path in found] == ["in/a.jsonl", "in/linked/o.jsonl"]


@pytest.mark.parametrize("kind, code", [("link", "L224"), ("pipe", "L225")])
def test_what_is_no_file_in_a_folder_is_named(tmp_path: Path, kind: str, code: str) -> None:
    write(tmp_path / "a.jsonl", jsonl_line(DOCUMENT))
    other = tmp_path / "b.jsonl"
    other.symlink_to("nowhere") if kind == "link" else os.mkfifo(other)
    with pytest.raises(LitBertError, match=rf"{code}.*b\.jsonl"):
        find_files([tmp_path])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(LitBertError, match=r"L222.*closed"):
        find_files([tmp_path])


def test_nxml_is_read_for_its_mentions_too(tmp_path: Path) -> None:
    write(tmp_path / "b.nxml", "<article><body><p>x</p></body></article>")
    with pytest.raises(LitBertError, match=r"L408.*b\.nxml"):
        corpus([tmp_path / "b.nxml"], tmp_path / "a.spacy")


def test_a_mention_of_two_concepts_keeps_both(tmp_path: Path) -> None:
    lines = "".join(f"1\t3\t12\tzinomycin\tChemical\t{one}\n" for one in ("MESH:D1", "MESH:D2", "MESH:D1"))
    path = write(tmp_path / "a.pubtator", f"1|t|On zinomycin.\n1|a|Fits.\n{lines}\n")
    corpus([path], tmp_path / "a.spacy")
    [document] = made(tmp_path / "a.spacy")
    assert [one.ids for one in document.entities] == [("MESH:D1", "MESH:D2")]


def test_what_stands_in_two_files_is_taken_once(tmp_path: Path) -> None:
    for name, one in (("a", DOCUMENT), ("b", DOCUMENT), ("c", Document("1", "Another text.", ()))):
        write(tmp_path / "in" / f"{name}.jsonl", jsonl_line(one))
    corpus([tmp_path / "in"], tmp_path / "a.spacy")
    assert [one.text for one in made(tmp_path / "a.spacy")] == ["On zinomycin.", "Another text."]
    for name in ("a", "b"):
        write(tmp_path / "iob" / f"{name}.tsv", "On\tO\nzinomycin\tB-Chemical\n")
    corpus([tmp_path / "iob"], tmp_path / "b.spacy")
    assert len(made(tmp_path / "b.spacy")) == 2


@pytest.mark.parametrize("text", ["", None])
def test_sentences_of_bioc_are_read_where_the_passage_is_empty(tmp_path: Path, text: str | None) -> None:
    passage = {"offset": 0, "text": text, "sentences": [{"offset": 0, "text": "Foo bar."}]}
    assert texts(write(tmp_path / "a.json", json.dumps({"id": "1", "passages": [passage]}))) == ["Foo bar."]


def test_blanks_between_passages_of_bioc_have_an_end(tmp_path: Path) -> None:
    passages = [{"offset": i * 900_000, "text": "a"} for i in range(3)]
    [error] = texts(write(tmp_path / "a.json", json.dumps({"id": "1", "passages": passages})))
    assert "a.json, document 1: a text stands at 1800000" in error


def test_a_collection_of_bioc_in_a_list(tmp_path: Path) -> None:
    document = {"id": "1", "passages": [{"offset": 0, "text": "Fits."}]}
    assert texts(write(tmp_path / "a.json", json.dumps([{"source": "PMC", "documents": [document]}]))) == ["Fits."]


def test_a_damaged_line_of_bioc_costs_one_document(tmp_path: Path) -> None:
    lines = [json.dumps({"id": str(i), "passages": [{"offset": 0, "text": f"Text {i}."}]}) for i in range(3)]
    lines[1] = lines[1][:20]
    first, error, last = texts(write(tmp_path / "a.json", "\n".join(lines)))
    assert (first, last) == ("Text 0.", "Text 2.")
    assert "a.json, line 2: Unterminated string" in error


def test_a_document_of_bioc_xml_without_id_is_named(tmp_path: Path) -> None:
    passage = "<passage><offset>0</offset><text>Fits.</text></passage>"
    [error] = texts(write(tmp_path / "a.xml", f"<collection><document>{passage}</document></collection>"))
    assert "document 1: its id is None" in error


def jats(title: str) -> str:
    front = f"<article-meta><title-group><article-title>{title}</article-title></title-group></article-meta>"
    return f"<article><front>{front}</front></article>"


XREF = '<xref ref-type="bibr">3</xref>'


@pytest.mark.parametrize(
    "content, expected",
    [
        ("<article><body><p>Aspirin caused ulcers.</p></body></article>", "Aspirin caused ulcers."),
        (jats("Effects of A<break/>in mice"), "Effects of A in mice"),
        (jats("Foo() and f( x ) ()"), "Foo() and f( x ) ()"),
        (jats(f"Foo [{XREF}–{XREF}] rose"), "Foo rose"),
        (jats("Foo (<inline-formula>x</inline-formula>) rose"), "Foo rose"),
        (jats(f"Foo<sup>{XREF}</sup> rose"), "Foo rose"),
        (
            "<PubmedArticleSet><PubmedBookArticle><BookDocument><PMID>7</PMID><ArticleTitle>On fits.</ArticleTitle>"
            "<Abstract><AbstractText>They rose.</AbstractText></Abstract></BookDocument></PubmedBookArticle>"
            "</PubmedArticleSet>",
            "On fits. They rose.",
        ),
    ],
)
def test_articles_lose_no_text(tmp_path: Path, content: str, expected: str) -> None:
    assert texts(write(tmp_path / "a.xml", content)) == [expected]


def test_an_article_of_docbook_is_no_empty_document(tmp_path: Path) -> None:
    [error] = texts(write(tmp_path / "a.xml", "<article><title>Aspirin</title><para>Text.</para></article>"))
    assert "a.xml, document 1: it is no JATS article" in error


@pytest.mark.parametrize("text", ["Editorial.", "Famotidine-associated delirium.", "Fits", "It rose. ", "Fits "])
@pytest.mark.parametrize("passages", [True, False])
def test_a_title_without_abstract_stays_whole_in_pubtator(tmp_path: Path, text: str, passages: bool) -> None:
    document = Document("1", text, (), (Passage(0, len(text), "title"),) if passages else ())
    block = pubtator_block(document)
    assert block == f"1|t|{text}\n1|a|\n\n"
    assert texts(write(tmp_path / "a.pubtator", block)) == [text]


def test_a_text_longer_than_the_limit_of_spacy_is_an_example(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", jsonl_line(Document("1", "fits " * 210_000, (Mention(0, 4, "Disease"),))))
    [example] = build_jsonl_reader_v1(path)(NLP)
    assert (len(example.predicted), len(example.reference.ents)) == (210_000, 1)


def test_a_name_that_is_not_utf8_is_said(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9")
    write(tmp_path / f"{name}.txt", DOCUMENT.text)
    write(tmp_path / f"{name}.ann", ENTITY)
    with pytest.raises(LitBertError, match=r"L624.*the id of the document 'caf\\udce9'.*a name in UTF-8"):
        corpus([tmp_path], tmp_path / "a.spacy")


def test_damage_anywhere_in_a_docbin_is_coded(tmp_path: Path) -> None:
    conversion = to_docbin([DOCUMENT], NLP.tokenizer, source="x")
    write_docbin(tmp_path / "a.spacy", conversion.docbin)
    whole = zlib.decompress((tmp_path / "a.spacy").read_bytes())
    generator = random.Random(0)
    for _ in range(400):
        damaged = bytearray(whole)
        damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        (tmp_path / "b.spacy").write_bytes(zlib.compress(bytes(damaged)))
        with suppress(LitBertError):  # and nothing else
            list(read_docbin(tmp_path / "b.spacy", NLP.vocab))
