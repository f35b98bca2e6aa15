"""Settings that only the last steps of a project need are checked before the first."""

from __future__ import annotations

from typing import Any

import pytest

from spacy_litbert.errors import LitBertError
from spacy_litbert.workflow.settings import check_settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "my-ner"}, "L618.*'my-ner'"),
        ({"name": ""}, "L618"),
        ({"name": "größe"}, "L618"),
        ({"name": "my_ner", "storage": "int4"}, "L003.*int4.*int8"),
        ({"name": "my_ner", "gpu_id": 99}, "L006.*99"),
    ],
)
def test_what_can_not_be_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(LitBertError, match=message):
        check_settings(**settings)


def test_what_can_be_is_not() -> None:
    check_settings(name="litbert_ner", storage="int8", gpu_id=-1)
    check_settings(name="2024_ner")
    check_settings()
