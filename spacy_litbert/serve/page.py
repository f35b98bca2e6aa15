"""The pages that people see: a text with its mentions, and what can be asked.

Everything is in the page itself: no scripts, and nothing from elsewhere.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

from .colors import label_colors
from .marks import Row, entities_html, overlaps_html

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font-family: system-ui, sans-serif; line-height: 1.5; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
textarea {{ box-sizing: border-box; width: 100%; font: inherit }}
pre {{ background: #f4f4f4; padding: 0.5rem; overflow: auto; max-height: 30rem }}
.problem {{ color: #a00 }}
.legend {{ list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 0.5rem }}
.legend li {{ border-radius: 0.35em; padding: 0 0.5em }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""
_FORM = """<form method="post" action="/">
<p><label for="text">Text</label></p>
<textarea id="text" name="text" rows="8" required>
{text}</textarea>
<p><button>Annotate</button></p>
</form>
{found}
<p><a href="/docs">For programs</a></p>"""
_OPERATION = """<h2>{method} {path}</h2>
<p>{description}</p>
{request}
<ul>
{answers}
</ul>"""


def start_page(title: str, text: str = "", found: str = "") -> str:
    """Return the page with the form.

    text: what stands in it.
    found: HTML of what was found, or of what is wrong.
    """
    return _PAGE.format(title=escape(title), body=_FORM.format(text=escape(text), found=found))


def document_html(document: Row, labels: list[str]) -> str:
    """Return an answer as HTML: the text with its mentions, a legend of their colours, and the categories.

    labels: those of the pipeline's mentions.
    """
    mentions = [*document["entities"], *(one for group in document.get("spans", {}).values() for one in group)]
    colors = label_colors(labels, (one["label"] for one in mentions))
    cats = sorted(document.get("cats", {}).items(), key=lambda item: -item[1])
    return "".join([
        _legend(sorted({one["label"] for one in mentions}), colors),
        entities_html(document, colors),
        overlaps_html(document, colors),
        *(f"<p>{escape(label)} {score:.2f}</p>\n" for label, score in cats),
    ])  # fmt: skip


def problem_html(problem: dict[str, str]) -> str:
    """Return a coded error as HTML."""
    return f'<p class="problem">{escape(problem["detail"])} ({escape(problem["code"])})</p>'


def description_page(title: str, openapi: dict[str, Any]) -> str:
    """Return the OpenAPI description as a page for people."""
    operations = [
        _OPERATION.format(
            method=method.upper(),
            path=escape(path),
            description=escape(operation.get("description", "")),
            request=_shown(operation["requestBody"]["content"]) if "requestBody" in operation else "",
            answers="\n".join(
                f"<li>{escape(status)}: {escape(one['description'])}</li>"
                for status, one in operation["responses"].items()
            ),
        )
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
    ]
    link = '<p>The whole description, for programs that read OpenAPI: <a href="/openapi.json">/openapi.json</a></p>'
    body = "\n".join([link, *operations, "<h2>Schemas</h2>", _shown(openapi["components"]["schemas"])])
    return _PAGE.format(title=escape(title), body=body)


def _shown(data: Any) -> str:
    return f"<pre>{escape(json.dumps(data, indent=2, ensure_ascii=False))}</pre>"


def _legend(labels: list[str], colors: dict[str, str]) -> str:
    chips = "".join(f'<li style="background: {colors[label]}">{escape(label)}</li>\n' for label in labels)
    return f'<ul class="legend">\n{chips}</ul>\n' if labels else ""
