"""The program as a whole: its commands, the options before them, and how it ends.

Every ending is an exit code and a sentence.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from console.cli.lazy_group import EXIT_CODES, LazyGroup, build_group
from console.cli.options import CommandContext
from console.errors import (
    FAILED,
    INTERRUPTED,
    WRONG_USE,
    Interrupted,
    exit_code,
)
from console.text.output import is_screen
from sessionlib import __version__
from sessionlib.errors import ColabvpsError

COMMANDS: Mapping[str, str] = {
    "init": "Set up a fleet: the configuration, the store, the fleet's key.",
    "login": "Sign an account in to Google Drive, or keep its token for the coordinator.",
    "logout": "Take sign-ins to Google back, or forget a token, on this machine.",
    "publish": "Publish the program and the settings, signed, for all sessions.",
    "demo": "Watch a whole fleet hand over on this machine, with nothing set up.",
    "status": "Show the fleet: who works, who stands by, how long each has left.",
    "handover": "Move the work to another session, now or later, in an orderly way.",
    "approve": "Say yes to the planned move, or the takeover, that asks for it.",
    "abort": "Call off the move that is planned or under way.",
    "pause": "Keep everything where it is: no plans, no takeovers.",
    "resume": "End a pause.",
    "emergency": "Take the work from a session that is gone, on evidence, without waiting.",
    "coldstart": "Bring the work back when every session has ended.",
    "stop": "End a session: stop the work, seal the data, give up the lease.",
    "history": "List past moves, newest first.",
    "logs": "Show what agents and workloads have logged.",
    "preflight": "Check that everything is ready, before a session begins.",
    "doctor": "Try out what the store promises, before anything depends on it.",
    "notify-test": "Send a test notice to everybody who is told what happens.",
    "key": "The key that signs orders, code and settings.",
    "checkpoint": "Look at the copies of the workload's data, check them, take them out.",
    "coordinator": "The service that knows where everyone is, and its tokens.",
    "paths": "Print where everything is kept.",
}
"""Each command and its first line of help, here so that `--help` loads no command."""


class Root(LazyGroup):
    """The whole program."""

    def invoke(self, ctx: Any) -> Any:
        # Here, because what typer makes of it differs from version to version.
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted("interrupted") from None


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"colabvps-console {__version__}\n")
        raise typer.Exit


def _root(
    ctx: typer.Context,
    _version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version."),
    ] = False,
) -> None:
    context: CommandContext = ctx.obj
    if ctx.invoked_subcommand is not None:
        return
    if is_screen(sys.stdout) and sys.stdin.isatty() and not context.out.json:
        from console.tui.run import run as run_screen  # noqa: PLC0415 - loaded only here

        raise typer.Exit(run_screen(context.config, read_only=context.read_only))
    from console.cli.status import show as show_status  # noqa: PLC0415 - loaded only here

    show_status(context, watch=False)


def _program() -> Any:
    app = typer.Typer(
        cls=Root,
        rich_markup_mode=None,
        invoke_without_command=True,
        help=(
            "Moves long-running work from a compute session that is ending to a fresh one.\n\n"
            "Without a command: the fleet on the whole screen, with keys for what can be done; "
            "where there is no terminal, its status as a table."
        ),
        epilog=EXIT_CODES,
    )
    app.callback()(_root)
    return build_group(app, __package__, COMMANDS)


def run(args: Sequence[str]) -> int:
    """Run one command line, and say how it ended."""
    context = CommandContext()
    context.out.json = "--json" in args
    try:
        _program().main(args=list(args), prog_name="colabvps-console", obj=context)
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
        return _closed(context, code, "wrong usage" if code == WRONG_USE else "")
    except KeyboardInterrupt:
        return INTERRUPTED
    except ColabvpsError as error:
        return _failed(context, error)
    except Exception as error:  # noqa: BLE001 - the last line of defence: no traceback ever
        return _crashed(context, error)
    return 0


def _failed(context: CommandContext, error: ColabvpsError) -> int:
    text = str(error) or type(error).__name__
    context.out.message(text)
    return _closed(context, exit_code(error), text)


def _crashed(context: CommandContext, error: Exception) -> int:
    from console import crash  # noqa: PLC0415 - loaded only here
    from sessionlib import clock  # noqa: PLC0415 - loaded only here

    path = crash.write_report(error, clock.SystemClock())
    kept = f"what is known of it is in {path}" if path else "and no report could be written"
    text = f"Sorry, something went wrong that shouldn't have ({type(error).__name__}); {kept}"
    context.out.message(text)
    return _closed(context, FAILED, text)


def _closed(context: CommandContext, code: int, text: str) -> int:
    """With --json there is a document even where a command failed before it had one."""
    try:
        if context.out.json and code and not context.out.documents:
            context.out.document({"error": text or "failed", "exit_code": code})
        sys.stdout.flush()
    except BrokenPipeError:
        _silence_broken_pipe()
    return code


def _silence_broken_pipe() -> None:
    """Keep the interpreter from complaining about a closed pipe on its way out."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
