"""Reading, making and replaying scenarios."""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.mutants.found import FOUND
from tests.simulation.mutants.kinds import MOST_SEEDS
from tests.simulation.seeds import fleet_of, live
from tests.simulation.shrink import REQUESTS, shrink
from tests.simulation.truth import Violation

FOLDER = Path(__file__).parent
NAMES = tuple(mutant.name for mutant in FOUND)
_REPLAY = "replay: "
LINES_SHOWN = 50
TIME_WIDTH = 11
_REFUSED = "  refuses "
_RENEWAL = re.compile(
    r"(held by \w+, epoch \d+)\.\d+(?:, checkpoint [\d-]+)?(?:: the record has changed)?$"
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One file. `kept` are the numbers of the faults that strike, `needed` what befalls
    requests."""

    name: str
    story: str
    seed: int
    kept: tuple[int, ...]
    needed: tuple[str, ...]
    text: str

    @property
    def mutant(self) -> Mutant:
        return next(mutant for mutant in MUTANTS if mutant.name == self.name)


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.txt"


def read(name: str) -> Scenario:
    """The scenario of this name, as it is kept."""
    story, _, rest = path_of(name).read_text().partition(_REPLAY)
    line, _, text = rest.partition("\n")
    how = json.loads(line)
    text = text.strip("\n")
    return Scenario(
        name, story.strip(), how["seed"], tuple(how["kept"]), tuple(how["needed"]), text
    )


def replay(scenario: Scenario, *, with_fault: bool) -> tuple[str | None, str]:
    """The violation, if there is one, and the transcript's end."""
    mutant = scenario.mutant
    odds = replace(mutant.odds, **{name: 0.0 for name in REQUESTS if name not in scenario.needed})
    lines: list[str] = []
    violation = None
    with mutant.at_large() if with_fault else nullcontext():
        everything = range(len(fleet_of(scenario.seed, odds, hours=mutant.hours).faults))
        left_out = set(everything) - set(scenario.kept)
        fleet = fleet_of(
            scenario.seed,
            odds,
            hours=mutant.hours,
            left_out=left_out,
            lines=lines,
            **mutant.fleet,
        )
        try:
            live(fleet)
        except Violation as error:
            violation = str(error)
            lines.append(f"{fleet.t:11.3f}  {'':<8}  {violation}")
    return violation, "\n".join(line.rstrip() for line in _folded(lines)[-LINES_SHOWN:]).strip("\n")


def _folded(lines: list[str]) -> list[str]:
    """What the store refuses over and over told once, where it began; of a holder's writes that
    nothing comes between the first and the last."""
    times = Counter(line[TIME_WIDTH:] for line in lines if _REFUSED in line)
    folded = []
    for line in lines:
        more = times.pop(line[TIME_WIDTH:], None if _REFUSED in line else 1)
        if more is not None:
            folded.append(line if more == 1 else f"{line}, and {more - 1} times more")
    told: list[str] = []
    for tenure, run in groupby(folded, _tenure):
        first, *others = run
        told.append(first)
        if tenure and len(others) > 1:
            told.append(f"{'':{TIME_WIDTH}}  {'':<8}  {len(others) - 1} more of the kind")
            others = others[-1:]
        told.extend(others)
    return told


def _tenure(line: str) -> str:
    """Whose renewal a line tells of, and under which epoch; nothing for another line."""
    found = _RENEWAL.search(line)
    return found.group(1) if found else ""


def make(name: str) -> Scenario:
    """Find the fault again, make it as short as can be, and keep it. The story stays."""
    before = read(name) if path_of(name).exists() else None
    mutant = next(mutant for mutant in MUTANTS if mutant.name == name)
    with mutant.at_large():
        for seed in range(mutant.first, mutant.first + MOST_SEEDS):
            found = shrink(seed, mutant.odds, hours=mutant.hours, **mutant.fleet)
            if found is not None:
                break
        else:
            raise AssertionError(f"{name} isn't found any more")
    whole = fleet_of(seed, mutant.odds, hours=mutant.hours, **mutant.fleet).faults
    kept = tuple(whole.index(fault) for fault in found.faults)
    story = before.story if before else (mutant.mutate.__doc__ or name)
    scenario = Scenario(name, story, seed, kept, found.needed, "")
    _, text = replay(scenario, with_fault=True)
    _keep(replace(scenario, text=text))
    return read(name)


def tell_anew(name: str) -> None:
    """Keep the transcript as it is now, of the same seed and faults."""
    scenario = read(name)
    violation, text = replay(scenario, with_fault=True)
    if violation is None:
        raise AssertionError(f"{name} isn't found any more by seed {scenario.seed}")
    _keep(replace(scenario, text=text))


def _keep(scenario: Scenario) -> None:
    how = json.dumps(
        {"seed": scenario.seed, "kept": list(scenario.kept), "needed": list(scenario.needed)}
    )
    path_of(scenario.name).write_text(f"{scenario.story}\n\n{_REPLAY}{how}\n\n{scenario.text}\n")
