from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from spacy_litbert.corpora.text_document import TextDocument
from spacy_litbert.corpora.unlabelled import (
    Selection,
    bare_name,
    find_texts,
    read_documents,
    read_exclusions,
    read_texts,
)
from spacy_litbert.errors import LitBertError

JSONL = (
    '{"id": "PMC1", "title": "Fever  in mice", "paragraphs": ["One.\\n Two.", ""], "source": "here", '
    '"license": "CC0"}\n'
    "\n"
    '{"text": "A\\u0301 first line.\\nA second."}\n'
)
PUBMED = """<?xml version="1.0"?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle//EN" "pubmed.dtd">
<PubmedArticleSet>
<PubmedArticle>
 <MedlineCitation><PMID Version="1">123</PMID><Article>
  <ArticleTitle>Effects of H<sub>2</sub>O.</ArticleTitle>
  <Abstract><AbstractText Label="METHODS">We drank <i>it</i>.</AbstractText>
  <AbstractText Label="UNLABELLED">All lived.</AbstractText></Abstract>
 </Article></MedlineCitation>
 <PubmedData><ArticleIdList><ArticleId IdType="pubmed">123</ArticleId><ArticleId IdType="doi">10.1/x</ArticleId>
  <ArticleId IdType="pmc">PMC9</ArticleId></ArticleIdList></PubmedData>
</PubmedArticle>
<PubmedArticle><MedlineCitation><PMID>124</PMID><Article><ArticleTitle>No abstract.</ArticleTitle></Article>
</MedlineCitation></PubmedArticle>
<PubmedArticle><MedlineCitation><PMID>125</PMID><Article><ArticleTitle>Two.</ArticleTitle>
<Abstract><AbstractText>Short.</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>
</PubmedArticleSet>
"""
JATS = """<article xmlns="http://jats.nlm.nih.gov" xmlns:xlink="http://www.w3.org/1999/xlink"><front>
<journal-meta><journal-title-group><journal-title>J Tests</journal-title></journal-title-group></journal-meta>
<article-meta><article-id pub-id-type="pmid">77</article-id><article-id pub-id-type="pmc">5</article-id>
<title-group><article-title>On <italic>E. coli</italic></article-title></title-group>
<permissions><license xlink:href="http://creativecommons.org/licenses/by/4.0/"><license-p>free</license-p></license>
</permissions><abstract><title>Abstract</title><p>It grows.</p></abstract></article-meta></front>
<body><sec><title>Results</title>
<p>Seen before [<xref ref-type="bibr">3</xref>, <xref ref-type="bibr">4</xref>], as in
 <xref ref-type="fig">Fig. 1</xref>.
 <fig><label>Figure 1</label><caption><title>Growth</title><p>A curve.</p></caption></fig></p>
<table-wrap><caption><p>Not this.</p></caption><table><tr><td>1</td></tr></table></table-wrap>
<p>Where <inline-formula><tex-math>x^2</tex-math></inline-formula> is large.</p></sec></body>
<back><ref-list><ref>Nor this.</ref></ref-list></back></article>
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def writing(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf8"))
        return path

    return writing


Write = Callable[[str, "str | bytes"], Path]


def test_json_lines(write: Write) -> None:
    first, second = read_documents(write("a.jsonl", JSONL))
    assert first == TextDocument("PMC1", "Fever in mice", ("One. Two.",), "here", "CC0")
    assert (second.id, second.title, second.paragraphs) == ("a:3", "", ("Á first line.", "A second."))


@pytest.mark.parametrize(("ending", "compress"), [("gz", gzip.compress), ("xz", lzma.compress), ("bz2", bz2.compress)])
def test_compressed(write: Write, ending: str, compress: Callable[[bytes], bytes]) -> None:
    path = write(f"a.jsonl.{ending}", compress(JSONL.encode("utf8")))
    assert len(list(read_documents(path))) == 2
    with pytest.raises(LitBertError, match="L207"):
        list(read_documents(write(f"b.jsonl.{ending}", path.read_bytes()[:-12])))


def test_plain_text(write: Write) -> None:
    documents = list(read_documents(write("notes.txt", "One.\nTwo.\n\n\nThree.")))
    assert [(d.id, d.paragraphs) for d in documents] == [("notes:1", ("One.", "Two.")), ("notes:2", ("Three.",))]


def test_pubmed(write: Write) -> None:
    first, second = read_documents(write("pubmed.xml.gz", gzip.compress(PUBMED.encode("utf8"))))
    assert (first.id, first.other_ids) == ("PMID:123", ("doi:10.1/x", "PMC9"))
    assert first.texts == ["Effects of H2O.", "METHODS: We drank it.", "All lived."]
    assert second.id == "PMID:125"


def test_jats(write: Write) -> None:
    (article,) = read_documents(write("a.nxml", JATS))
    assert (article.id, article.other_ids, article.source) == ("PMC5", ("PMID:77",), "J Tests")
    assert article.license == "http://creativecommons.org/licenses/by/4.0/"
    assert article.texts == ["On E. coli", "It grows.", "Seen before, as in Fig. 1.", "A curve.", "Where is large."]


def test_archives(write: Write) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in (("x/a.nxml", JATS), ("x/readme", "no"), ("x/b.xml", PUBMED)):
            info = tarfile.TarInfo(name)
            info.size = len(text.encode("utf8"))
            archive.addfile(info, io.BytesIO(text.encode("utf8")))
    ids = [document.id for document in read_documents(write("bulk.tar.gz", buffer.getvalue()))]
    assert ids == ["PMC5", "PMID:123", "PMID:125"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", "", "L403"),
        ("a.jsonl", "{}\n", "L401.*line 1"),
        ("a.jsonl", '{"text": "x"}\nnot json\n', "L401.*line 2"),
        ("a.xml", "<PubmedArticleSet><broken", "L207"),
        ("a.txt", b"\xff\xfe\x00", "L207"),
    ],
)
def test_refuses(write: Write, name: str, content: str | bytes, code: str) -> None:
    with pytest.raises(LitBertError, match=code):
        list(read_documents(write(name, content)))


def test_selection(write: Write) -> None:
    same = TextDocument("a", "T", ("x  y",)), TextDocument("b", "T", ("x y",))
    other = TextDocument("c", "", ("z",), other_ids=("PMID:1",))
    select = Selection(read_exclusions(write("ids", "PMID:1\nPMID:2\n")))
    assert [document.id for document in select([*same, other])] == ["a"]
    assert (select.n_duplicates, select.n_excluded) == (1, 1)


def test_names_and_patterns(write: Write, tmp_path: Path) -> None:
    paths = [write(name, "One.") for name in ("b.txt", "a.txt")]
    assert find_texts([str(tmp_path / "*.txt")]) == sorted(paths)
    assert list(read_texts(sorted(paths))) == ["One."]
    assert [bare_name(Path(name)) for name in ("x/a.b.jsonl.xz", "a.tar.gz")] == ["a.b", "a"]
    with pytest.raises(LitBertError, match="L207"):
        find_texts([str(tmp_path / "*.xml")])
