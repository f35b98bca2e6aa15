"""Make a wheel of this package from what is imported here: no sources, no build, no network."""

from __future__ import annotations

import base64
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import distribution, version
from pathlib import Path

from ..about import __title__
from ..packaging import own_licence

_PACKAGE = Path(__file__).parent.parent
_WHEEL = f"Wheel-Version: 1.0\nGenerator: {__title__}\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def own_wheel(folder: Path) -> Path:
    """Write the wheel into ``folder``: the package as it is imported, with the metadata that it is installed with."""
    name = f"{__title__.replace('-', '_')}-{version(__title__)}"
    path, metadata = folder / f"{name}-py3-none-any.whl", f"{name}.dist-info"
    record = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for file, content in [*_package(), *_metadata(metadata)]:
            wheel.writestr(file, content)
            checksum = base64.urlsafe_b64encode(sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{file},sha256={checksum},{len(content)}")
        wheel.writestr(f"{metadata}/RECORD", "\n".join([*record, f"{metadata}/RECORD,,", ""]))
    return path


def _package() -> Iterator[tuple[str, bytes]]:
    for path in sorted(_PACKAGE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(_PACKAGE.parent).as_posix(), path.read_bytes()


def _metadata(folder: str) -> Iterator[tuple[str, bytes]]:
    installed = distribution(__title__)
    # The metadata of an editable installation, as they are found from the folder of its sources, are called PKG-INFO.
    text = installed.read_text("METADATA") or installed.read_text("PKG-INFO") or ""
    yield f"{folder}/METADATA", text.encode()
    for name in ("entry_points.txt", "top_level.txt"):
        yield f"{folder}/{name}", (installed.read_text(name) or "").encode()
    yield f"{folder}/licenses/LICENSE", own_licence().encode()
    yield f"{folder}/WHEEL", _WHEEL.encode()
