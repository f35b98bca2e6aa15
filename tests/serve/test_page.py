"""The pages for people: entities in displaCy's markup, everything escaped, nothing from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_litbert.serve.colors import label_colors

pytest.importorskip("fastapi", reason="the extra `serve` is not installed")
httpx = pytest.importorskip("httpx", reason="it is an extra of the tests")


class Read(HTMLParser):
    """Tags, links, and the text of each kind of element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attributes if name in ("href", "src", "action")]
        if tag not in ("meta", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self._open[-1] if self._open else "", data))

    def all_of(self, tag: str) -> list[str]:
        return [text.strip() for one, text in self.texts if one == tag and text.strip()]


def annotate(address: str, text: str) -> httpx.Response:
    return httpx.post(f"{address}/", data={"text": text}, timeout=300, trust_env=False)


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_needs_nothing_from_elsewhere(address: str, path: str) -> None:
    response = httpx.get(address + path, trust_env=False)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    page = Read(response.text)
    assert all(link.startswith("/") and not link.startswith("//") for link in page.links)
    assert not {"script", "link", "img", "iframe", "base"} & set(page.tags)
    assert page.all_of("title") == ["en_toy 1.2.3"]


def test_entities_with_label_confidence_and_concept(address: str) -> None:
    page = Read(annotate(address, "Given zinomycin\r\nshe had fits (sort).").text)
    assert page.all_of("mark") == ["zinomycin", "fits"]
    assert page.all_of("span") == ["Chemical", "0.50", "MESH:C1", "Disease", "0.17"]
    assert page.all_of("textarea") == ["Given zinomycin\nshe had fits (sort)."]
    assert "<b>short</b> 0.25" in page.all_of("p")


def test_each_label_has_a_colour_and_a_legend(address: str) -> None:
    text = annotate(address, "Given zinomycin, she had fits.").text
    page = Read(text)
    assert page.all_of("li") == ["Chemical", "Disease"]
    colors = re.findall(r'style="background: (#[0-9a-f]{6})', text)
    assert len(set(colors)) == 2
    assert colors[:2] == colors[2:]  # of the legend and of the marks
    other = annotate(address, "Fits or fits.").text
    assert colors[1] in other  # whatever else is there
    assert colors[0] not in other


def test_spans_that_are_no_entities_are_underlined_below(address: str) -> None:
    page = Read(annotate(address, "overlap of zinomycin").text)
    assert page.all_of("mark") == ["zinomycin"]
    assert page.all_of("h2") == ["Other mentions"]
    assert {"Pair 0.50", "Pair 0.33", "Chemical 0.33"} <= set(page.all_of("span"))
    assert not Read(annotate(address, "zinomycin").text).all_of("h2")


@given(st.sets(st.text(min_size=1, max_size=3), min_size=1, max_size=40), st.sets(st.text(max_size=3), max_size=9))
def test_colours_are_light_and_those_of_known_labels_are_fixed(known: set[str], found: set[str]) -> None:
    colors = label_colors(known, found)
    assert colors.keys() == known | found
    assert len(set(colors.values())) == len(colors)
    assert {label: colors[label] for label in known} == label_colors(known, ())
    for color in colors.values():
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        luminance = sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))
        assert (luminance + 0.05) / 0.05 >= 7  # WCAG 2.1's contrast of black on it, level AAA


def test_everything_is_escaped(address: str) -> None:
    text = "hostile overlap & </textarea><script>alert(1)</script> {text} sort"
    page = Read(annotate(address, text).text)
    assert not {"script", "img", "i", "b"} & set(page.tags)
    assert page.all_of("textarea") == [text]
    assert page.all_of("mark") == ["hostile"]
    assert page.all_of("span")[:3] == ["<i>&", "1.00", '"><img src=x>']
    assert page.all_of("li") == ["<i>&", "Pair"]


@pytest.mark.parametrize("text, status, code", [("boom", 422, "L646"), ("x" * 2001, 413, "L642")])
def test_what_is_wrong_stands_in_the_page(address: str, text: str, status: int, code: str) -> None:
    response = annotate(address, text)
    assert response.status_code == status
    assert any(code in shown for shown in Read(response.text).all_of("p"))


def test_the_description_names_what_can_be_asked(address: str) -> None:
    page = Read(httpx.get(f"{address}/docs", trust_env=False).text)
    assert '"texts"' in page.all_of("pre")[0]
    assert page.all_of("h2") == ["POST /annotate", "GET /labels", "GET /health", "Schemas"]
