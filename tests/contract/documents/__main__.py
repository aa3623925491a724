"""`python -m tests.contract.documents --record`: write the records anew, or show what differs."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.contract.documents.cases import RECORDED, Case, load_cases
from tests.contract.documents.comparing import (
    difference,
    record_path,
    record_text,
    stray_records,
)
from tests.contract.documents.running import Answer, run_case


def record(chosen: str) -> None:
    """Write the records of the cases whose names begin so; remove those without a case."""
    RECORDED.mkdir(exist_ok=True)
    cases = load_cases()
    for case in cases:
        if case.name.startswith(chosen):
            text = record_text(case, _answer(case))
            record_path(case.name).write_text(text, encoding="utf-8")
    for name in stray_records(cases):
        record_path(name).unlink()


def compare(chosen: str) -> int:
    """Print what differs from the records; the number of cases that do."""
    found = [
        text
        for case in load_cases()
        if case.name.startswith(chosen) and (text := difference(case, _answer(case)))
    ]
    sys.stdout.write("\n\n".join([*found, f"{len(found)} differ\n"]))
    return len(found)


def _answer(case: Case) -> Answer:
    with tempfile.TemporaryDirectory() as folder:
        return run_case(case, Path(folder).resolve())


def _main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.contract.documents")
    parser.add_argument("--record", action="store_true", help="write the records anew")
    parser.add_argument("--only", default="", metavar="NAME", help="how the cases' names begin")
    words = parser.parse_args()
    if words.record:
        record(words.only)
        return 0
    return min(compare(words.only), 1)


if __name__ == "__main__":
    sys.exit(_main())
