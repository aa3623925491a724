"""Goal: no bytes that others can write bring a reader to anything but a value or its own error.

Method: coverage-guided fuzzing (libFuzzer, by atheris) of every target in
`tests/fuzz/targets`, each in a process of its own, from the corpus kept in
`tests/fuzz/corpus`. An input that takes more than 10 s, or a process more than 1 GB,
is a finding too. Progress goes to standard error; the last line, on standard output,
is one JSON document: for each target its executions, how many a second, how long it
ran, and what it found. Exit code 1 if anything was found: it is made small and put
into `.cache/fuzz/found`. Once the fault is mended, move it to the corpus under a name
that tells what it was; `make test` runs all of the corpus.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

from tests.fuzz.learning import learn
from tests.fuzz.running import Limits, Result, run
from tests.fuzz.table import TARGETS
from tests.fuzz.target import Target

RUNS = 5_000_000
SHORT_S = 2
SHORT_JOBS = 2


def main(words: Sequence[str] | None = None) -> int:
    options = _options(words)
    if options.list:
        for target in TARGETS.values():
            print(f"{target.name:<15} {target.of}")  # noqa: T201 - the result
        return 0
    targets = [TARGETS[name] for name in options.targets or TARGETS]
    if options.learn:
        for target in targets:
            _tell(f"{target.name}: {learn(target)} inputs kept")
        return 0
    if find_spec("atheris") is None:
        _tell("atheris is not here: it is made for Linux on x86-64, where `make dev-env` has it")
        return 2
    seconds, jobs = (SHORT_S, SHORT_JOBS) if options.short else (options.seconds, options.jobs)
    limits = Limits(options.runs, seconds, options.seed)
    with ThreadPoolExecutor(jobs) as crew:
        results = list(crew.map(lambda target: _run(target, limits), targets))
    told = zip(targets, results, strict=True)
    print(json.dumps({target.name: result.document() for target, result in told}))  # noqa: T201 - the result
    return 1 if any(result.found for result in results) else 0


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Examples: --short, or: order lease --runs 100000",
    )
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help="default: every one, one after the other"
    )
    parser.add_argument("--list", action="store_true", help="the targets, and what they read with")
    parser.add_argument(
        "--runs", type=int, default=RUNS, help=f"executions of each (default: {RUNS:,})"
    )
    parser.add_argument(
        "--seconds", type=int, default=0, help="for each, if that is sooner (default: no bound)"
    )
    parser.add_argument(
        "--short",
        action="store_true",
        help=f"{SHORT_S} seconds for each, {SHORT_JOBS} at a time: about a minute in all",
    )
    parser.add_argument("--seed", type=int, default=1, help="of libFuzzer (default: 1)")
    parser.add_argument("--jobs", type=int, default=1, help="targets at a time (default: 1)")
    parser.add_argument(
        "--learn",
        action="store_true",
        help="don't fuzz: choose, from all that earlier runs found, what the corpus keeps",
    )
    options = parser.parse_args(words)
    unknown = sorted(set(options.targets) - set(TARGETS))
    if unknown:
        parser.error(f"no target is called {', '.join(unknown)}: --list names them")
    return options


def _run(target: Target, limits: Limits) -> Result:
    result = run(target, limits, _tell)
    count, took_s = result.runs, result.took_s
    _tell(f"{target.name}: {count:,} runs in {took_s:.0f} s, {len(result.found)} found")
    for found in result.found:
        _tell(f"{target.name}: FOUND {found}")
    return result


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress


if __name__ == "__main__":
    sys.exit(main())
