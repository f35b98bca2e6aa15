"""Read tar archives as a stream: every member, or an error."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import IO

_CHUNK = 1 << 16


def members(stream: IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the names and contents of the files in an archive; each must be read before the next one.

    Folders and links are passed over: what a link names is read where it lies.

    Raises tarfile.TarError for a damaged header and for an archive that ends before its end mark or goes on after
    it. Python's own reader takes each of these for the end.
    """
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header) as archive:
        while (member := _next(archive)) is not None:
            archive.members = []  # type: ignore[attr-defined]  # would grow with the archive
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None:
                yield member.name, content
        while rest := archive.fileobj.read(_CHUNK):
            if rest.strip(b"\0"):
                raise tarfile.ReadError("the archive goes on after its end mark")


def _next(archive: tarfile.TarFile) -> tarfile.TarInfo | None:
    try:
        return archive.next()
    except (ValueError, OverflowError) as error:  # numbers in a header that are none
        raise tarfile.ReadError(str(error)) from None


class _Header(tarfile.TarInfo):
    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> _Header:
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            reason = f"the header of a member is damaged, or the archive is cut ({error})"
            raise tarfile.ReadError(reason) from None
