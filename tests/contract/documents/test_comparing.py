"""Goal: whatever differs from a record is noticed, and a mask hides no more than it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.contract.documents.cases import Case, Mask
from tests.contract.documents.comparing import (
    difference,
    masked,
    record_path,
    record_text,
    stray_records,
)
from tests.contract.documents.running import Answer

CASE = Case("one", ("status", "--json"), ("base",), masks=(Mask("rows[].age_s"),))
DOCUMENT: dict[str, Any] = {"fleet": "f", "rows": [{"age_s": 1.5, "name": "a"}]}


@pytest.fixture
def records(tmp_path: Path) -> Path:
    text = record_text(CASE, Answer(0, [DOCUMENT]))
    record_path(CASE.name, tmp_path).write_text(text)
    return tmp_path


def test_the_same_answer_is_no_difference(records: Path) -> None:
    later = {"fleet": "f", "rows": [{"age_s": 7.25, "name": "a"}]}
    assert difference(CASE, Answer(0, [later]), records) == ""


@pytest.mark.parametrize(
    "document",
    [
        {**DOCUMENT, "fleet": "g"},
        {**DOCUMENT, "fleet": None},
        {**DOCUMENT, "more": 1},
        {"rows": DOCUMENT["rows"]},
        {"rows": DOCUMENT["rows"], "fleet": "f"},
        {**DOCUMENT, "rows": []},
        {**DOCUMENT, "rows": DOCUMENT["rows"] * 2},
        {**DOCUMENT, "rows": [{"age_s": None, "name": "a"}]},
        {**DOCUMENT, "rows": [{"age_s": "1.5", "name": "a"}]},
        {**DOCUMENT, "rows": [{"age_s": 1, "name": "a"}]},
        {**DOCUMENT, "rows": [{"name": "a"}]},
        {**DOCUMENT, "rows": [{"age_s": 1.5, "name": "b"}]},
        "plain text",
    ],
)
def test_a_changed_document_is_shown(records: Path, document: Any) -> None:
    found = difference(CASE, Answer(0, [document], "said"), records)
    assert found.startswith("one: status --json  (fleet: base)\n--- recorded/one.json\n+++ now\n")
    assert found.endswith("standard error:\nsaid")


@pytest.mark.parametrize(
    "answer", [Answer(1, [DOCUMENT]), Answer(0, []), Answer(0, [DOCUMENT, DOCUMENT])]
)
def test_a_changed_code_or_number_of_documents_is_shown(records: Path, answer: Answer) -> None:
    assert difference(CASE, answer, records)


def test_a_missing_record_is_told(tmp_path: Path) -> None:
    assert "one has no record" in difference(CASE, Answer(0, [DOCUMENT]), tmp_path)


def test_a_record_without_a_case_is_told(records: Path) -> None:
    assert stray_records([CASE], records) == []
    assert stray_records([], records) == ["one"]


def test_a_mask_within_a_text_hides_its_groups_alone() -> None:
    mask = Mask("said", r"order (\w+), (\d+)s")
    assert masked({"said": "the order ab1, 7s"}, [mask]) == {"said": "the order <*>, <*>s"}
    assert masked({"said": "no order"}, [mask]) == {"said": "no order"}
    assert masked({"said": None}, [mask]) == {"said": None}
