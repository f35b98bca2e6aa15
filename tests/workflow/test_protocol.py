"""What a project's figures say of the weights that training began with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from spacy_litbert.workflow.protocol import describe_weights

NONE = "These weights came without a model card."


@pytest.mark.parametrize(
    "card, license, said",
    [
        (None, "not said", NONE),
        ("", "not said", NONE),
        ("---\nlicense: apache-2.0\n---\n", "Apache-2.0", NONE),
        ("# A name alone\n", "not said", NONE),
        ("---\ntags:\n\n- a\nlicense: mit\n---\n# Name\n\nOf **public**\ntext.\n\nMore.\n", "MIT", "Of public text."),
        ("---\r\nlicense: mit\r\n---\r\n\r\nOf text.\r\n", "MIT", "Of text."),
        ("No head.\n\nlicense: gpl\n", "not said", "No head."),
        ("---\nlicense: my own\n---\n\n---\n\nText.", "my", "---"),
    ],
)
def test_a_card_may_lack_anything(checkpoint: Path, tmp_path: Path, card: str | None, license: str, said: str) -> None:
    folder = shutil.copytree(checkpoint, tmp_path / "weights")
    (folder / "README.md").unlink(missing_ok=True)
    if card is not None:
        (folder / "README.md").write_bytes(card.encode())
    described = describe_weights(str(folder))
    assert (described["weights_license"], described["weights_card"]) == (license, said)


def test_a_card_in_another_encoding_is_read_as_far_as_it_goes(checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(checkpoint, tmp_path / "weights")
    (folder / "README.md").write_bytes("---\nlicense: mit\n---\n\nVon Ärzten.".encode("latin-1"))
    assert describe_weights(str(folder))["weights_license"] == "MIT"


def test_an_archive_will_do(checkpoint: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(checkpoint, tmp_path / "weights")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n\nOf text.")
    archive = shutil.make_archive(str(tmp_path / "weights"), "zip", folder)
    found, wanted = describe_weights(archive), describe_weights(str(folder))
    assert found == {**wanted, "weights": archive}
