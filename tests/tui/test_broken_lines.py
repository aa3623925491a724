"""What is said on a terminal fits it, and no word is broken.

Goal: a terminal breaks whatever is too long anywhere, so nothing is. Method: the real
program in real terminals, on a fleet on disk whose primary is silent.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from sessionlib.__main__ import main as agent
from tests.tui.terminal import PROGRAM, plain, terminal
from tests.unit.console.fleet_on_disk import LEASE, SEED, FleetOnDisk, fleet, moved, serving

__all__ = ["fleet"]
REASON = "the session of the one before came to its end sooner than anybody had been told"


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize(
    ("words", "until", "whole"),
    [
        (["emergency", "--to", "backup1"], "ended: ", "the lease has run out, which is no proof"),
        (["handover", "--to", "backup1"], "[y/N]", "stops its workload, seals its data and"),
        (["handover", "--at", "half past"], "another day", "write it as 14:30, or as 2030-01-31"),
        (["status"], "sooner than", "Last move: epoch 4, planned, primary → backup1"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_no_line_is_wider_than_the_terminal(
    fleet: FleetOnDisk, columns: int, words: list[str], until: str, whole: str
) -> None:
    fleet.at_work()
    if words[0] == "emergency":
        fleet.put_lease(replace(LEASE, ttl_s=0.001))
    (fleet.store.root / "state" / "history" / "4.json").unlink()
    fleet.put_history(replace(moved(4), reason=REASON))
    fleet.put_report(replace(serving("primary", 4), session="s1"))
    command = [*PROGRAM, *words]
    named = {"COLABVPS_CONFIG": fleet.config_path, "COLABVPS_FLEET_KEY": SEED}
    with terminal(command, fleet.folder, size=(columns, 24), **named) as program:
        program.settled(until)
        lines = plain(program.output).replace("\r", "").splitlines()
    # The table of accounts is made for 80 columns.
    said = [line for line in lines if columns == 80 or not line.startswith(("▶", "   A", "   b"))]
    assert all(len(line) <= columns for line in said), said
    assert whole in " ".join(" ".join(said).split())


def test_the_agents_help_fits_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        agent(["agent", "--help"])
    assert all(len(line) <= 80 for line in capsys.readouterr().out.splitlines())
