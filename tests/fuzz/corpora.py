"""Small invented corpus files of every format that is read, and seeded ways of damaging them.

A document has a marker of its own in its text. Whatever happens to a file, each marker that is still in it is in a
document that was read, or the file was refused with a coded error that names it.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import re
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from spacy_litbert.corpora import read, unlabelled_text
from spacy_litbert.corpora.labelled_text import read_labelled_texts
from spacy_litbert.errors import LitBertError

N_DOCUMENTS = 6
MARKER = re.compile(r"Zq\d\dx")
MARKERS = [f"Zq{i:02}x" for i in range(N_DOCUMENTS)]
_VALUES: list[Any] = [None, True, 0, -1, 1.5, 10**40, "", "x", [], {}, ["a", 1], "\ud800", float("nan")]
_SNIPPETS = [b"\0", b"\xff", b"\r", b"\n\n", b"\t", b"|t|", b"#", b"-DOCSTART-", b"</p>", b"&nbsp;", b"[" * 5000, b'"']


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _pubtator() -> bytes:
    blocks = [
        f"{i}|t|On zinomycin\n{i}|a|{m} caused fits.\n{i}\t3\t12\tzinomycin\tChemical\tC1\n{i}\tCID\tC1\tD1\n\n"
        for i, m in enumerate(MARKERS)
    ]
    return "".join(blocks).encode()


def _pubmed() -> bytes:
    articles = [
        f"<PubmedArticle><MedlineCitation><PMID>{i}</PMID><Article><ArticleTitle>On</ArticleTitle>\n<Abstract>\n"
        f"<AbstractText>{m} αβ.</AbstractText>\n</Abstract>\n</Article></MedlineCitation></PubmedArticle>\n"
        for i, m in enumerate(MARKERS)
    ]
    return f"<PubmedArticleSet>\n{''.join(articles)}</PubmedArticleSet>\n".encode()


def _jats(marker: str) -> bytes:
    meta = "<article-meta><article-id pub-id-type='pmc'>1</article-id></article-meta>"
    return f"<article><front>{meta}</front>\n<body><sec><p>{marker} grows.</p></sec></body></article>\n".encode()


_MENTION = {"start": 9, "end": 13, "label": "Disease"}
PLAIN: dict[str, tuple[bytes, str]] = {
    "mentions.jsonl": (
        _lines([{"id": m, "text": f"{m} or fits", "entities": [_MENTION]} for m in MARKERS]),
        "mentions",
    ),
    "mentions.tsv": ("".join(f"{m}\tB-X\nwas\tO\n\n" for m in MARKERS).encode(), "mentions"),
    "mentions.txt": (_pubtator(), "mentions"),
    "labels.jsonl": (_lines([{"id": m, "text": m, "cats": {"a": 1, "b": 0}} for m in MARKERS]), "labels"),
    "text.jsonl": (_lines([{"id": i, "title": "On", "paragraphs": [m, "b"]} for i, m in enumerate(MARKERS)]), "text"),
    "lines.jsonl": (_lines([{"text": f"{m}\nα"} for m in MARKERS]), "text"),
    "plain.txt": ("".join(f"{m} one.\nTwo.\n\n" for m in MARKERS).encode(), "text"),
    "pubmed.xml": (_pubmed(), "text"),
    "jats.nxml": (_jats(MARKERS[0]), "text"),
}
_COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": partial(gzip.compress, mtime=0),
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
}


@dataclass(frozen=True)
class Case:
    """A damaged file: its name, its bytes, who reads it, and the markers that a reader may not lose."""

    name: str
    content: bytes
    kind: str
    markers: Counter[str]
    damage: str


@dataclass(frozen=True)
class Outcome:
    """What came of a case: "read", "reported", "lost" or "uncoded", and more about it."""

    what: str
    detail: str = ""


def cases(n: int, seed: int = 0) -> Iterator[Case]:
    """Seeded cases, the files in turn: as they lie, compressed, and as members of an archive."""
    names = [*PLAIN, "archive.tar"]
    for i in range(n):
        random = Random(f"{seed}-{i}")
        name = names[i % len(names)]
        content, kind = (_archive(random), "text") if name == "archive.tar" else PLAIN[name]
        packed = random.random() < 0.3
        if not packed or random.random() < 0.5:
            content, damage = _damage(content, name, random)
        else:
            damage = ""
        markers = _markers(content)
        if packed:
            ending = random.choice(sorted(_COMPRESSORS))
            content, name = _compress(content, ending, random), name + ending
            if not damage:
                content, damage = _damage_bytes(content, random)
        yield Case(name if random.random() < 0.9 else name.upper(), content, kind, markers, damage)


def try_case(case: Case, folder: Path) -> Outcome:
    """Read the file of a case and say what came of it."""
    path = folder / case.name
    path.write_bytes(case.content)
    try:
        found = _markers("\0".join(_READ[case.kind](path)).encode())
    except LitBertError as error:
        named = re.match(r"\[L\d{3}\] ", str(error)) and case.name in str(error)
        return Outcome("reported" if named else "uncoded", str(error))
    except Exception as error:
        return Outcome("uncoded", repr(error)[:300])
    finally:
        path.unlink()
    # A document that stands in a file of mentions twice is read once.
    same = found.keys() == case.markers.keys() if case.kind == "mentions" else found == case.markers
    return Outcome("read") if same and found <= case.markers else Outcome("lost", f"{case.markers} became {found}")


def _read_mentions(path: Path) -> Iterator[str]:
    return (document.text for document in read.read_documents(path))


def _read_labels(path: Path) -> Iterator[str]:
    return (text.text for text in read_labelled_texts(path))


def _read_text(path: Path) -> Iterator[str]:
    return (text for document in unlabelled_text.read_documents(path) for text in document.texts)


_READ = {"mentions": _read_mentions, "labels": _read_labels, "text": _read_text}


def _markers(content: bytes) -> Counter[str]:
    text = content.decode("utf8", errors="replace")
    text = re.sub(r'"id": "[^"]*"', "", text)  # an id is no text
    return Counter(MARKER.findall(text))


def _archive(random: Random) -> bytes:
    members = [name for name, (_, kind) in PLAIN.items() if kind == "text"]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in random.sample(members, 3):
            info = tarfile.TarInfo(name)
            info.size = len(PLAIN[name][0])
            archive.addfile(info, io.BytesIO(PLAIN[name][0]))
    return buffer.getvalue()


def _compress(content: bytes, ending: str, random: Random) -> bytes:
    """One stream, or two end to end."""
    cut = random.choice([0, random.randrange(len(content) + 1)])
    parts = [content[:cut], content[cut:]] if cut else [content]
    return b"".join(map(_COMPRESSORS[ending], parts))


def _damage(content: bytes, name: str, random: Random) -> tuple[bytes, str]:
    ways = [_damage_bytes, _damage_lines] + [_retype] * (2 if name.endswith(".jsonl") else 0)
    if name.endswith(".tar"):
        ways = [_damage_bytes, _damage_blocks]
    return random.choice(ways)(content, random)


def _damage_bytes(content: bytes, random: Random) -> tuple[bytes, str]:
    i = random.randrange(len(content))
    way = random.choice(["bit", "cut", "snippet", "gap"])
    if way == "bit":
        return content[:i] + bytes([content[i] ^ 1 << random.randrange(8)]) + content[i + 1 :], f"bit in byte {i}"
    if way == "cut":
        return content[:i], f"cut at {i}"
    if way == "snippet":
        return content[:i] + random.choice(_SNIPPETS) + content[i:], f"snippet at {i}"
    return content[:i] + content[i + random.randrange(1, 20) :], f"gap at {i}"


def _damage_lines(content: bytes, random: Random) -> tuple[bytes, str]:
    return _shuffle(content.splitlines(keepends=True), random)


def _damage_blocks(content: bytes, random: Random) -> tuple[bytes, str]:
    """Blocks of 512 bytes, as an archive has them; the zeros at the end stay as they are."""
    end = len(content.rstrip(b"\0")) // 512 * 512 + 512
    damaged, way = _shuffle([content[i : i + 512] for i in range(0, end, 512)], random)
    return damaged + content[end:], way


def _shuffle(parts: list[bytes], random: Random) -> tuple[bytes, str]:
    i, j = random.randrange(len(parts)), random.randrange(len(parts))
    way = random.choice(["drop", "double", "swap", "join"])
    if way == "drop":
        del parts[i]
    elif way == "double":
        parts.insert(i, parts[i])
    elif way == "swap":
        parts[i], parts[j] = parts[j], parts[i]
    else:
        parts[i] = parts[i].rstrip(b"\r\n")
    return b"".join(parts), f"{way} {i}, {j}"


def _retype(content: bytes, random: Random) -> tuple[bytes, str]:
    """Another value in one place of one of the objects."""
    rows = [json.loads(line) for line in content.splitlines()]
    i = random.randrange(N_DOCUMENTS)
    place: Any = rows[i]
    while True:
        key = random.choice(list(place) if isinstance(place, dict) else range(len(place)))
        if not isinstance(place[key], (dict, list)) or not place[key] or random.random() < 0.5:
            break
        place = place[key]
    place[key] = random.choice(_VALUES)
    return _lines(rows), f"{key!r} of line {i + 1} is {place[key]!r}"
