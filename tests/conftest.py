"""For all tests: with COLABVPS_NO_SKIPS=1 a test that can't be run here has failed.

A machine that is set up for everything must not pass by leaving something out.
And signals mean what they say in every process that a test starts: a shell starts
its background jobs with SIGINT ignored, nohup with SIGHUP, and children inherit that.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from typing import TypeVar

import pytest

NO_SKIPS = "COLABVPS_NO_SKIPS"
R = TypeVar("R", pytest.TestReport, pytest.CollectReport)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _not_skipped(report: R) -> R:
    # An expected failure is reported as skipped too, but it did run.
    if os.environ.get(NO_SKIPS) == "1" and report.skipped and not hasattr(report, "wasxfail"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped, which {NO_SKIPS} forbids: {why}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _not_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _not_skipped((yield))
