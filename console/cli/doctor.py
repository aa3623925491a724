"""`doctor`: try out what the store promises."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from console.checks.doctor.catalog import CHECKS, CheckResult, advice
from console.checks.doctor.examination import DoctorResult
from console.cli.options import CommandContext, command_context
from console.config_file import find_config
from console.errors import FAILED
from console.store_kinds import console_kind_of
from console.text.safe_text import one_line, wrapped
from sessionlib.clock import SystemClock
from sessionlib.config_loading import load

CHANGES = True
EXAMPLES = (
    "colabvps-console doctor",
    "colabvps-console doctor --accounts operator,bob --yes",
    "colabvps-console doctor --json --yes",
)
_WORDS = {True: ("ok", "good"), False: ("FAILS", "bad"), None: ("not known", "warn")}


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
    """On Google Drive no standby takes over by itself until this has passed. With two accounts
    and files of its own it tries whether a conditional write there is what it has to be.
    It leaves the signed result for all agents. On a folder it tries what the file system
    promises. Exit code 1 if a check fails that safety rests on.
    """
    context = command_context(ctx)
    context.require_writable("doctor")
    config = load(find_config(context.config))
    planned = console_kind_of(config).plan_examination(config, accounts, rounds, SystemClock())
    context.out.ask(planned.asks, yes=context.yes)
    findings = _examined(context, planned.examine(context.out.message))
    _report(context, planned.conclude(findings))


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


def _report(context: CommandContext, result: DoctorResult) -> None:
    if context.out.json:
        from console.checks.doctor.result import doctor_document as document  # noqa: PLC0415 - loaded only here

        body = document(result.findings, result.at, passed=result.passed, kept=result.kept)
        context.out.document({**body, "text": result.text})
    else:
        tone = "good" if result.passed else "bad"
        context.out.line(result.text[0].upper() + result.text[1:] + ".", tone)
    if not result.passed:
        raise typer.Exit(FAILED)
