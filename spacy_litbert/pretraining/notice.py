"""The record of a run → what is owed to those whose weights it went on from: words for the card, and a NOTICE."""

from __future__ import annotations

from typing import Any


def first_start(record: dict[str, Any]) -> str | None:
    """Name the weights of others that all runs together began with; None if these were random."""
    run = [*record["before"], record][0]
    if run["start"] is None:
        return None
    license_ = run["start"]["license"]
    return f"{run['start']['name']} ({f'licence {license_}' if license_ else 'its licence is not said'})"


def changes(start: dict[str, Any]) -> list[str]:
    """Say what was changed in the weights before the training began, in sentences."""
    said = []
    if counts := start["transfer"]:
        said.append(
            f"The vocabulary was replaced (Fast Vocabulary Transfer, Gee et al. 2022): of {counts['pieces']:,} pieces "
            f"{counts['same']:,} were one piece before, {counts['composed']:,} began as the mean of several, and "
            f"{counts['lacking']:,} with characters that were unknown before were drawn at random."
        )
    if start["made"]:
        said.append(f"Made anew, because it was not there: {', '.join(start['made'])}.")
    return said


def notice(record: dict[str, Any]) -> str | None:
    """Write NOTICE: each source of weights, its licence and checksum, what was changed, and its own notice.

    None where all weights were random.
    """
    starts = [run["start"] for run in [*record["before"], record] if run["start"]]
    if first_start(record) is None:
        return None
    lines = [f"{record['settings']['export']['name']} was made by training weights of others further.", ""]
    for start in starts:
        lines += [start["name"], f"  licence: {start['license'] or 'not said by its source'}"]
        lines += [f"  {name}: SHA-256 {checksum}" for name, checksum in start["files"].items()]
        lines += [f"  {sentence}" for sentence in changes(start)]
        if start is starts[0] and start["notice"]:  # later ones are our own, and repeat it
            lines += ["", "Its own notice:", "", start["notice"].rstrip()]
        lines.append("")
    lines.append("All weights were changed by the training; README.md says how.")
    return "\n".join(lines) + "\n"
