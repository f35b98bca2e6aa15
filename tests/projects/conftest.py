"""The scripts of projects/ner as modules, as `python scripts/….py` sees them."""

from __future__ import annotations

import sys
from pathlib import Path

NER = Path(__file__).parent.parent.parent / "projects" / "ner"
sys.path.append(str(NER / "scripts"))
