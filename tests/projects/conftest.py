"""The scripts of the projects as modules, as `python scripts/….py` sees them."""

from __future__ import annotations

import sys
from pathlib import Path

PROJECTS = Path(__file__).parent.parent.parent / "projects"
NER, TEXTCAT = PROJECTS / "ner", PROJECTS / "textcat"
# Of scripts with the same name in both, those of projects/ner are found.
sys.path += [str(NER / "scripts"), str(TEXTCAT / "scripts")]
