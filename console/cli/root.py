"""The program as a whole: its commands, the options before them, and how it ends.

Decided here: which commands there are, and that every ending is an exit code and
a sentence. Not decided here: how they are loaded (`lazy`) and what each does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from console.cli.lazy_group import EXIT_CODES, LazyGroup, opened
from console.cli.options import Desk
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
    desk: Desk = ctx.obj
    if ctx.invoked_subcommand is not None:
        return
    if is_screen(sys.stdout) and sys.stdin.isatty() and not desk.out.json:
        raise typer.Exit(import_module("console.tui.run").run(desk))
    import_module("console.cli.status").show(desk, watch=False)


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
    return opened(app, __package__, COMMANDS)


def run(args: Sequence[str]) -> int:
    """Run one command line, and say how it ended."""
    desk = Desk()
    desk.out.json = "--json" in args
    try:
        _program().main(args=list(args), prog_name="colabvps-console", obj=desk)
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
        return _closed(desk, code, "wrong usage" if code == WRONG_USE else "")
    except KeyboardInterrupt:
        return INTERRUPTED
    except ColabvpsError as error:
        return _failed(desk, error)
    except Exception as error:  # noqa: BLE001 - the last line of defence: no traceback ever
        return _crashed(desk, error)
    return 0


def _failed(desk: Desk, error: ColabvpsError) -> int:
    text = str(error) or type(error).__name__
    desk.out.tell(text)
    return _closed(desk, exit_code(error), text)


def _crashed(desk: Desk, error: Exception) -> int:
    crash = import_module("console.crash")
    clock = import_module("sessionlib.clock")
    path = crash.write_report(error, clock.SystemClock())
    kept = f"what is known of it is in {path}" if path else "and no report could be written"
    text = f"Sorry, something went wrong that shouldn't have ({type(error).__name__}); {kept}"
    desk.out.tell(text)
    return _closed(desk, FAILED, text)


def _closed(desk: Desk, code: int, text: str) -> int:
    """With --json there is a document even where a command failed before it had one."""
    try:
        if desk.out.json and code and not desk.out.documents:
            desk.out.document({"error": text or "failed", "exit_code": code})
        sys.stdout.flush()
    except BrokenPipeError:
        _hush()
    return code


def _hush() -> None:
    """Keep the interpreter from complaining about a closed pipe on its way out."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
