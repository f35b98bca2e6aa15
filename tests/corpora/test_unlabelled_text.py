from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from spacy_litbert.corpora import files, xml_documents
from spacy_litbert.corpora.selection import Selection, read_exclusions, read_texts
from spacy_litbert.corpora.text_document import TextDocument
from spacy_litbert.corpora.unlabelled_text import bare_name, find_texts, read_documents
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
    first, without_abstract, second = read_documents(write("pubmed.xml.gz", gzip.compress(PUBMED.encode("utf8"))))
    assert (first.id, first.other_ids) == ("PMID:123", ("doi:10.1/x", "PMC9"))
    assert first.texts == ["Effects of H2O.", "METHODS: We drank it.", "All lived."]
    assert (without_abstract.id, without_abstract.paragraphs) == ("PMID:124", ())
    assert second.id == "PMID:125"


def test_jats(write: Write) -> None:
    (article,) = read_documents(write("a.nxml", JATS))
    assert (article.id, article.other_ids, article.source) == ("PMC5", ("PMID:77",), "J Tests")
    assert article.license == "http://creativecommons.org/licenses/by/4.0/"
    assert article.texts == ["On E. coli", "It grows.", "Seen before, as in Fig. 1.", "A curve.", "Where is large."]


MEMBERS = {
    "x/a.nxml": JATS.encode("utf8"),
    "x/readme": b"no",
    "x/b.xml": PUBMED.encode("utf8"),
    "c.txt": b"One.\n\nTwo.\r\n\r\nThree.\r\rFour.",
    "d.JSONL.gz": gzip.compress(JSONL.encode("utf8"), mtime=0),
    "E.TXT": b"Five.",
}
MEMBER_IDS = ["PMC5", "PMID:123", "PMID:124", "PMID:125", "c:1", "c:2", "c:3", "c:4", "PMC1", "d:3", "E:1"]


def tar(members: dict[str, bytes], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["bulk.tar", "bulk.tar.gz", "BULK.TAR.XZ", "nested.tar"])
def test_archives(write: Write, name: str) -> None:
    content = tar({"in/bulk.tar": tar(MEMBERS)} if name == "nested.tar" else MEMBERS)
    compress = {".gz": gzip.compress, ".xz": lzma.compress}.get(Path(name).suffix.lower(), bytes)
    assert [document.id for document in read_documents(write(name, compress(content)))] == MEMBER_IDS


def test_cut_and_damaged_archives_lose_nothing_in_silence(write: Write) -> None:
    whole = tar(MEMBERS)
    starts = [i for i in range(0, len(whole), 512) if whole[i : i + 512].startswith(tuple(map(str.encode, MEMBERS)))]
    assert len(starts) == len(MEMBERS)
    end = len(whole.rstrip(b"\0")) // 512 * 512 + 512
    damaged = {f"cut{i}": whole[:i] for i in (*starts[1:], starts[-1] + 100, end)}
    damaged |= {f"bit{i}": whole[:i] + bytes([whole[i] ^ 4]) + whole[i + 1 :] for i in (starts[1], starts[3] + 130)}
    damaged["zeroed"] = whole[: starts[2]] + bytes(512) + whole[starts[2] + 512 :]
    for name, content in damaged.items():
        with pytest.raises(LitBertError, match=rf"L207.*{name}\.tar"):
            list(read_documents(write(f"{name}.tar", content)))


def test_damage_in_a_member_is_named_with_its_place(write: Write) -> None:
    for name, content, message in (
        ("x/a.jsonl", b'{"text": "x"}\n{"text": 5}\n', r"L401.*bulk\.tar/x/a\.jsonl, line 2"),
        ("x/a.jsonl.gz", gzip.compress(JSONL.encode("utf8"), mtime=0)[:-9], r"L207.*bulk\.tar/x/a\.jsonl\.gz"),
        ("x/a.xml", b"<PubmedArticleSet>\n</Pubmed>", r"L401.*bulk\.tar/x/a\.xml, line 2"),
        ("x/a.txt", b"", r"L408.*bulk\.tar/x/a\.txt"),
    ):
        with pytest.raises(LitBertError, match=message):
            list(read_documents(write("bulk.tar", tar({"b.txt": b"One.", name: content}))))


@pytest.mark.parametrize(("ending", "compress"), [("gz", gzip.compress), ("xz", lzma.compress), ("bz2", bz2.compress)])
def test_streams_end_to_end(write: Write, ending: str, compress: Callable[[bytes], bytes]) -> None:
    one, two = compress(b"One.\n\n"), compress(b"Two.\n")
    assert len(list(read_documents(write(f"a.txt.{ending}", one + two)))) == 2
    assert len(list(read_documents(write(f"a.txt.{ending}", one + bytes(8) + two + bytes(8))))) == 2
    for damaged in (b"?" + two[1:], two[:-5], two[:3], two[:12] + b"????" + two[16:]):
        with pytest.raises(LitBertError, match="L207"):
            list(read_documents(write(f"a.txt.{ending}", one + damaged)))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", "", "L403"),
        ("a.jsonl", "{}\n", "L401.*line 1"),
        ("a.jsonl", '{"text": "x"}\nnot json\n', "L401.*line 2"),
        ("a.jsonl", '{"paragraphs": "text"}', "L401.*line 1.*list of strings"),
        ("a.jsonl", '{"paragraphs": ["a", 1]}', "L401.*line 1.*list of strings"),
        ("a.jsonl", '{"text": ["a"]}', "L401.*line 1"),
        ("a.jsonl", '{"text": 7}', "L401.*line 1"),
        ("a.jsonl", '{"text": "x", "title": 7}', 'L401.*line 1.*"title" is 7'),
        ("a.jsonl", '{"text": "x", "id": true}', 'L401.*line 1.*"id" is True'),
        ("a.jsonl", '{"text": "x", "id": []}', 'L401.*line 1.*"id" is'),
        ("a.jsonl", '{"text": "\\ud800"}', "L401.*line 1.*surrogates"),
        ("a.jsonl", '{"text": "x", "text": "y"}', "L401.*line 1.*'text' stands in one object twice"),
        ("a.jsonl", f'{{"text": {"[" * 100_000}', "L401.*line 1.*nested too deeply"),
        ("a.jsonl", JSONL.encode("utf-16"), "L401.*line 1.*UTF-8"),
        ("a.jsonl", "", "L408"),
        ("a.jsonl", b"\n \n", "L408"),
        ("a.tar", tar({}), "L408|L207"),  # Python 3.10 takes an archive without members for a damaged one
        ("a.tar", tar({"a.pdf": b"x"}), "L408"),
        ("a.xml", "<html></html>", "L408"),
        ("a.xml", "<PubmedArticleSet>\n<broken", "L401.*line 2"),
        ("a.xml", '<?xml version="1.0" encoding="nonsense"?><article/>', "L401.*line 1"),
        ("a.nxml", f"<article>{'<sec>' * 5000}{'</sec>' * 5000}</article>", "L409.*document 1.*nested"),
        ("a.txt", b"One.\n\xff\xfe\x00", "L401.*line 2"),
        ("a.txt", "One.".encode("utf-16-le"), "L401.*line 1.*NUL"),
        (
            "a.txt.gz",
            gzip.compress(b"text" * 99, mtime=0)[:15] + b"??" + gzip.compress(b"text" * 99, mtime=0)[17:],
            "L207",
        ),
    ],
)
def test_refuses(write: Write, name: str, content: str | bytes, code: str) -> None:
    with pytest.raises(LitBertError, match=code):
        list(read_documents(write(name, content)))


def test_an_id_of_zero_is_an_id(write: Write) -> None:
    assert [document.id for document in read_documents(write("a.jsonl", '{"id": 0, "text": "x"}'))] == ["0"]


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    for name in ("pipe", "folder", "missing"):
        with pytest.raises(LitBertError, match=rf"L22[45].*{name}\.jsonl"):
            list(read_documents(tmp_path / f"{name}.jsonl"))


def test_endless_lines_and_articles_are_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LONGEST_LINE", 1 << 16)
    monkeypatch.setattr(xml_documents, "LARGEST_ARTICLE", 1 << 18)
    with pytest.raises(LitBertError, match=r"L401.*line 2.*longer"):
        list(read_documents(write("a.txt", "One.\n" + "x" * (1 << 16))))
    with pytest.raises(LitBertError, match=r"L409.*document 1.*no end"):
        list(read_documents(write("a.xml", "<article>" + "<p/>" * (1 << 17))))
    article = PUBMED[PUBMED.index("<PubmedArticle>") : PUBMED.index("</PubmedArticleSet>")]
    assert len(list(read_documents(write("b.xml", f"<PubmedArticleSet>{article * 400}</PubmedArticleSet>")))) == 1200


def test_selection(write: Write) -> None:
    same = TextDocument("a", "T", ("x  y",)), TextDocument("b", "T", ("x y",))
    other = TextDocument("c", "", ("z",), other_ids=("PMID:1",))
    title_alone = TextDocument("d", "T", ())
    select = Selection(read_exclusions(write("ids", "PMID:1\nPMID:2\n")))
    assert [document.id for document in select([*same, other, title_alone])] == ["a"]
    assert (select.n_duplicates, select.n_excluded, select.n_without_text) == (1, 1, 1)


def test_exclusions_that_cannot_be_read_are_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(LitBertError, match=r"L401.*line 2"):
        read_exclusions(write("ids", b"PMID:1\n\xff\n"))
    with pytest.raises(LitBertError, match=r"L22[45].*missing"):
        read_exclusions(tmp_path / "missing")


def test_names_and_patterns(write: Write, tmp_path: Path) -> None:
    paths = [write(name, "One.") for name in ("b.txt", "a.txt")]
    assert find_texts([str(tmp_path / "*.txt"), str(paths[0])]) == sorted(paths)
    odd = write("c[1].txt", "Two.")
    assert find_texts([str(odd)]) == [odd]
    assert list(read_texts(sorted(paths))) == ["One."]
    assert [bare_name(Path(name)) for name in ("x/a.b.jsonl.xz", "a.tar.gz", "A.TXT")] == ["a.b", "a", "A"]
    with pytest.raises(LitBertError, match="L224"):
        find_texts([str(tmp_path / "*.xml")])
