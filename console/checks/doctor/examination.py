"""An examination of a store, before it is made: what is asked, what is tried, what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from console.checks.doctor.catalog import CheckResult


@dataclass(frozen=True, slots=True)
class DoctorResult:
    """What came of it, and in words; `kept` says whether agents will read of it."""

    findings: list[CheckResult]
    at: float
    passed: bool
    kept: bool
    text: str


@dataclass(frozen=True, slots=True)
class PlannedExamination:
    """What is asked first, the checks one by one, and what their results mean.

    `examine` is given who is told of progress. `conclude` may write to the store.
    """

    asks: str
    examine: Callable[[Callable[[str], None]], Iterator[CheckResult]]
    conclude: Callable[[list[CheckResult]], DoctorResult]
