"""Goal: other programs go on to understand what the command line answers.

Method: each case runs over a fresh copy of its fleet; its exit code and its documents are
compared with the record. Records are made with `python -m tests.contract.documents --record`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.contract.documents.cases import Case, load_cases
from tests.contract.documents.comparing import (
    difference,
    is_mark,
    record_path,
    stray_records,
    values_at,
)
from tests.contract.documents.running import run_case

ALL = load_cases()


@pytest.mark.parametrize("case", ALL, ids=[case.name for case in ALL])
def test_the_answer_is_the_recorded_one(case: Case, tmp_path: Path) -> None:
    found = difference(case, run_case(case, tmp_path))
    assert not found, found


def test_names_are_used_once() -> None:
    assert len({case.name for case in ALL}) == len(ALL)


def test_no_record_is_without_a_case() -> None:
    assert stray_records(ALL) == []


def test_no_mask_hides_more_than_it_must() -> None:
    """Each one is seen in a record of its file's cases."""
    used = {
        mask
        for case in ALL
        for mask in case.masks
        for document in json.loads(record_path(case.name).read_text())["documents"]
        if any(is_mark(value, mask) for value in values_at(document, mask.path))
    }
    assert {mask for case in ALL for mask in case.masks} - used == set()


def test_without_documents_the_exit_code_counts_alone(tmp_path: Path) -> None:
    answer = run_case(Case("plain", ("--version",), ()), tmp_path)
    assert (answer.exit_code, answer.documents) == (0, [])
