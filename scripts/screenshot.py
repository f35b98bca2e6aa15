"""Take a picture of the page that ``spacy litbert serve`` shows, in a real browser without a window.

    python -m scripts.screenshot docs/images/serve.png [--pipeline en_litbert_ner] [--text TEXT]

It starts the service, sends the form as a person would, and lets Chromium draw the answer with all headers in force.
Chromium is what Debian's packages ``chromium`` or ``chromium-headless-shell`` bring.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

from benchmarks.serve import service
from spacy_litbert.files import replacing

BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
TEXT = (
    "Lithium-induced tremor and acute renal failure in a 54-year-old woman with bipolar disorder. Serum lithium was "
    "2.1 mmol/l after ibuprofen had been added; both were stopped, and sodium chloride (0.9 %) was given. Nausea, "
    "ataxia and confusion resolved within 4 days."
)
# The page itself runs no scripts: this one sends its form.
_SENDER = '<form method="post" action="{address}"><textarea name="text">{text}</textarea></form>' + (
    "<script>document.forms[0].submit()</script>"
)


def screenshot(address: str, text: str, path: Path, width: int, height: int) -> None:
    """Write what the service at an address answers to a text as a PNG of this size in pixels."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"None of {', '.join(BROWSERS)} is installed: apt-get install chromium-headless-shell")
    with tempfile.TemporaryDirectory() as folder, replacing(path) as partial:
        sender = Path(folder) / "sender.html"
        sender.write_text(_SENDER.format(address=address, text=escape(text)), encoding="utf8")
        picture = Path(folder) / "picture.png"
        command = [browser, "--headless", "--no-sandbox", "--hide-scrollbars", "--virtual-time-budget=20000"]
        command += [f"--user-data-dir={folder}/profile", f"--window-size={width},{height}", f"--screenshot={picture}"]
        subprocess.run([*command, sender.as_uri()], check=True, timeout=120, capture_output=True)
        shutil.copyfile(picture, partial)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--pipeline", default="en_litbert_ner")
    parser.add_argument("--text", default=TEXT)
    parser.add_argument("--width", type=int, default=900)
    parser.add_argument("--height", type=int, default=720)
    arguments = parser.parse_args()
    arguments.path.parent.mkdir(parents=True, exist_ok=True)
    with service(arguments.pipeline) as (host, port):
        screenshot(f"http://{host}:{port}/", arguments.text, arguments.path, arguments.width, arguments.height)


if __name__ == "__main__":
    main()
