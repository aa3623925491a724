"""`doctor`: try out what the store promises."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import typer

from console.checks.doctor.catalog import CHECKS, CheckResult, advice
from console.cli.options import CommandContext, command_context
from console.config_file import find_config
from console.errors import FAILED, WrongUse
from console.signing.operator import operator_name
from console.text.safe_text import one_line, wrapped
from sessionlib.clock import SystemClock
from sessionlib.config import Config, load
from sessionlib.config.schema import StoreKind
from sessionlib.signed.store_check import StoreCheck, date_text, folder_to_check

CHANGES = True
EXAMPLES = (
    "colabvps-console doctor",
    "colabvps-console doctor --accounts operator,bob --yes",
    "colabvps-console doctor --json --yes",
)
_WORDS = {True: ("ok", "good"), False: ("FAILS", "bad"), None: ("not known", "warn")}
_SECONDS_A_ROUND = 1.25
"""With its share of all else, where a call takes 150 ms: measured over the emulator."""


def run(
    ctx: typer.Context,
    accounts: Annotated[
        str | None,
        typer.Option("--accounts", metavar="A,B", help="Who takes part; else who is signed in."),
    ] = None,
    rounds: Annotated[
        int | None,
        typer.Option("--rounds", min=1, help="Of the race; fewer than 200 prove too little."),
    ] = None,
) -> None:
    """On Google Drive nobody takes the work over by themselves until this has passed: it
    tries, with two accounts and files of its own, whether a conditional write there is
    what it has to be, and leaves the signed result for all agents. On a folder it tries
    what the file system promises. Exit code 1 if something that safety rests on fails.
    """
    context = command_context(ctx)
    context.require_writable("doctor")
    config = load(find_config(context.config))
    if config.store.kind is StoreKind.DRIVE:
        _drive(context, config, _names(config, accounts), rounds)
        return
    for option, value in (("--accounts", accounts), ("--rounds", rounds)):
        if value is not None:
            raise WrongUse(
                f"{option} goes with a store in Google Drive; {config.where('store', 'kind')} says "
                f"{config.store.kind}"
            )
    _folder(context, config)


def _names(config: Config, text: str | None) -> list[str]:
    names = [] if text is None else [name.strip() for name in text.split(",")]
    if text is not None and len(names) != 2:
        raise WrongUse("--accounts: name two, as --accounts operator,bob")
    from sessionlib.stores.drive import signin_storage  # noqa: PLC0415 - loaded only here

    known = signin_storage.names(config)
    for name in names:
        if name not in known:
            raise WrongUse(f"--accounts: there is no {name:.40}; there are {', '.join(known)}")
    return names


def _drive(context: CommandContext, config: Config, names: list[str], rounds: int | None) -> None:
    from console.checks.doctor import drive  # noqa: PLC0415 - loaded only here
    from console.checks.doctor import result as verdict  # noqa: PLC0415 - loaded only here
    from console.signing.in_force import signing_seed  # noqa: PLC0415 - loaded only here
    from sessionlib.stores import open_store  # noqa: PLC0415 - loaded only here

    clock = SystemClock()
    exam = drive.prepare(config, names, rounds or drive.ROUNDS, clock)
    store = open_store(config, clock)
    seed = signing_seed(config, store)
    minutes = max(1, round(exam.rounds * _SECONDS_A_ROUND / 60) + 1)
    context.out.ask(
        f"Make a scratch folder in the shared folder, as {exam.one.name}, and try there, with "
        f"{exam.other.name}, what the fleet relies on: about {minutes} minutes and "
        f"{exam.units:,} of Google's quota units (a user has 325,000 a minute). It is removed "
        "afterwards, and the result is signed and left for all agents.",
        yes=context.yes,
    )
    findings = _examined(context, drive.examine(exam, clock, context.out.message))
    bad = verdict.failed_safety_checks(findings)
    passed = not bad and exam.is_conclusive
    at = clock.now().wall
    text = _in_words(bad, exam.rounds, passed=passed)
    place = folder_to_check(config)
    kept = place is not None
    if place is not None:
        where = (place.fleet, place.folder_id, place.lease_id)
        found = StoreCheck(*where, at, passed, bad, exam.rounds, operator_name())
        stands = verdict.save_unless_pass_stands(store, found, findings, seed)
        if stands is not None:
            kept = False
            text = f"this changes nothing: doctor passed on {date_text(stands.at)}, and that counts"
    _report(context, _Result(findings, at, passed, kept, text))


def _in_words(bad: tuple[str, ...], rounds: int, *, passed: bool) -> str:
    if bad:
        return f"automatic takeover is off: {', '.join(bad)}"
    if not passed:
        return f"automatic takeover stays off: {rounds} rounds prove too little"
    return "automatic takeover is on, once the agents have read this (15 minutes at the most)"


def _folder(context: CommandContext, config: Config) -> None:
    from console.checks.doctor import folder  # noqa: PLC0415 - loaded only here
    from console.checks.doctor import result as verdict  # noqa: PLC0415 - loaded only here

    clock = SystemClock()
    root = config.store_folder()
    context.out.ask(f"Try out {root} with files of its own, which are removed.", yes=context.yes)
    findings = _examined(
        context, folder.examine(root, config.timings.timeout_s, clock, context.out.message)
    )
    bad = verdict.failed_safety_checks(findings)
    text = (
        f"this folder can't hold a fleet: {', '.join(bad)}" if bad else "nothing speaks against it"
    )
    _report(context, _Result(findings, clock.now().wall, not bad, False, text))


def _examined(context: CommandContext, found: Iterable[CheckResult]) -> list[CheckResult]:
    findings = []
    for one in found:
        findings.append(one)
        if context.out.json:
            context.out.message(f"{one.id}: {_WORDS[one.ok][0]}")
            continue
        word, tone = _WORDS[one.ok]
        context.out.line(f"{word:<10} {one.id:<16} {one.text}", tone)
        told = advice(one)
        if told is not None:
            weight = "SAFETY: " if CHECKS[one.id].is_safety else ""
            text = one_line(f"{weight}{told[0]}. What to do: {told[1]}.", 2_000)
            for line in wrapped(text, context.out.table_columns - 11, in_column=True):
                context.out.line(f"           {line}")
    return findings


@dataclass(frozen=True, slots=True)
class _Result:
    """What came of it, and in words."""

    findings: list[CheckResult]
    at: float
    passed: bool
    kept: bool
    text: str


def _report(context: CommandContext, result: _Result) -> None:
    if context.out.json:
        from console.checks.doctor.result import doctor_document as document  # noqa: PLC0415 - loaded only here

        body = document(result.findings, result.at, passed=result.passed, kept=result.kept)
        context.out.document({**body, "text": result.text})
    else:
        tone = "good" if result.passed else "bad"
        context.out.line(result.text[0].upper() + result.text[1:] + ".", tone)
    if not result.passed:
        raise typer.Exit(FAILED)
