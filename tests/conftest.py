"""For all tests: with COLABVPS_NO_SKIPS=1 a test that can't be run here has failed.

A machine that is set up for everything must not pass by leaving something out.
And signals mean what they say in every process that a test starts: a shell starts
its background jobs with SIGINT ignored, nohup with SIGHUP, and children inherit that.
A test that leaves a variable of ours changed has failed too.
How many processes share the tests is said here as well.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterable, Iterator
from typing import TypeVar

import pytest

NO_SKIPS = "COLABVPS_NO_SKIPS"
MOST_WORKERS = 8
"""Each takes up to half a gigabyte; only a machine with more cores gets more of them."""
R = TypeVar("R", pytest.TestReport, pytest.CollectReport)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _no_variable_is_left_behind() -> Iterator[None]:
    """What one test sets for the program the next one would be judged by."""
    before = _ours()
    yield
    assert _ours() == before, "the test has left variables changed"


def _ours() -> dict[str, str]:
    names = (name for name in os.environ if name.startswith("COLABVPS_"))
    return {name: os.environ[name] for name in names if name != NO_SKIPS}


def _not_skipped(report: R) -> R:
    # An expected failure is reported as skipped too, but it did run.
    if os.environ.get(NO_SKIPS) == "1" and report.skipped and not hasattr(report, "wasxfail"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped, which {NO_SKIPS} forbids: {why}"
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    return worker_count(config.args, len(os.sched_getaffinity(0)))


def worker_count(args: Iterable[str], cores: int) -> int:
    """How many processes share the tests that pytest's arguments name.

    Two for each core, as most tests wait for a process or a clock. None beside pytest's own for
    the tests of one file, which stay together in any case.
    """
    named = {arg.partition("::")[0] for arg in args}
    most = max(cores, min(2 * cores, MOST_WORKERS))
    if not all(map(os.path.isfile, named)):
        return most
    return min(len(named), most) if len(named) > 1 else 0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _not_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _not_skipped((yield))
