"""Goal: lines that nobody reads delay no agent, and none is missing without a word.

Method: a process that logs far more than a pipe holds, whose reader comes late or never.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.actors import REPO

LINES = 5_000
SCRIPT = f"""
import sys
from pathlib import Path
from sessionlib.agent.logs import AgentLog
from sessionlib.core.narrate import LogLine

log = AgentLog(Path(sys.argv[1]), "a")
for number in range({LINES}):
    log.write(LogLine("info", "test", f"line {{number}} " + "x" * 200))
print("said", flush=True)
if sys.stdin.readline():
    log.write(LogLine("info", "test", "last words"))
log.close()
"""


@pytest.fixture
def talker(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """It has said all, is told to end by the end of its input, and says one more if by a line."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        cwd=REPO,
        # As for most users: Python's own buffer is between, and its lock.
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as talker:
        try:
            assert talker.stdout is not None
            assert talker.stdout.readline() == "said\n"
            yield talker
        finally:
            talker.kill()


def test_a_reader_that_comes_late_hears_how_much_it_missed_and_the_last_words(
    talker: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert talker.stderr is not None
    assert talker.stdin is not None
    heard = gaps = 0
    while heard < LINES:
        line = talker.stderr.readline()
        missing = re.fullmatch(r"\((\d+) lines are left out here.*\)\n", line)
        if missing:
            heard += int(missing[1])
            gaps += 1
        else:
            assert f" line {heard} x" in line
            heard += 1
    assert gaps
    talker.stdin.write("\n")
    talker.stdin.close()
    assert talker.stderr.read().endswith(" a last words\n")
    assert talker.wait(60) == 0
    assert len((tmp_path / "agent.jsonl").read_text().splitlines()) == LINES + 1


def test_whom_nobody_reads_ends_all_the_same(talker: subprocess.Popen[str]) -> None:
    assert talker.stdin is not None
    talker.stdin.close()
    assert talker.wait(60) == 0
