"""Goal: what the command line costs over a bare interpreter.

Method: the three kinds of process are started in turn, so that whatever else the
machine does meets them alike; medians are compared. A first round that fills the
disk's cache isn't counted.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from sessionlib.clock import SystemClock

PROGRAM = Path(sys.executable).with_name("colabvps-console")
"""As it is installed: what a user runs."""

TARGETS_S = {"--version": 0.1, "--help": 0.25}


def startup(rounds: int) -> dict[str, Any]:
    program = [str(PROGRAM)] if PROGRAM.exists() else [sys.executable, "-m", "console"]
    commands = {"bare": [sys.executable, "-c", "pass"]}
    commands |= {option: [*program, option] for option in TARGETS_S}
    took: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds + 1):
        for name, command in commands.items():
            took[name].append(_took_s(command))
    bare_s = median(took["bare"][1:])
    figures: dict[str, Any] = {"rounds": rounds, "bare_s": round(bare_s, 3)}
    for name, target_s in TARGETS_S.items():
        over_s = round(median(took[name][1:]) - bare_s, 3)
        figures[name.strip("-")] = {"over_bare_s": over_s, "target_s": target_s}
    return figures


def _took_s(command: list[str]) -> float:
    clock = SystemClock()
    began = clock.now().mono
    subprocess.run(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=True)
    return clock.now().mono - began
