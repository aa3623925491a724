"""The app as the command line starts it, and what is shown where there is no configuration yet."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from console.config_file import find_config
from console.errors import FAILED
from sessionlib.clock import SystemClock
from sessionlib.errors import ConfigError
from sessionlib.ports import Store

if TYPE_CHECKING:
    from textual.app import App

    from console.fleet.fleet import Fleet


def run(config_path: str | None, *, read_only: bool) -> int:
    """Show the fleet until the operator leaves; the exit code. Raises ConfigError."""
    _pause_garbage_collection()
    try:
        find_config(config_path)
    except ConfigError as error:
        return _welcome(str(error))
    from console.fleet.fleet import open_fleet  # noqa: PLC0415 - loaded only here

    def open_store() -> Store:
        return open_fleet(config_path).store

    return watch(open_fleet(config_path), open_store, read_only=read_only)


def watch(fleet: Fleet, open_store: Callable[[], Store], *, read_only: bool = False) -> int:
    """Show a fleet that is opened already; the exit code."""
    _pause_garbage_collection()
    from console.orders.screen_orders import OrderService  # noqa: PLC0415 - loaded only here
    from console.tui.app import ConsoleApp  # noqa: PLC0415 - loaded only here

    app = ConsoleApp(OrderService(fleet, read_only), open_store)
    _run(app)
    return FAILED if app.return_code is None else int(app.return_code)


def _welcome(why: str) -> int:
    from console.tui.welcome import WelcomeApp  # noqa: PLC0415 - loaded only here

    app = WelcomeApp(why, SystemClock())
    _run(app)
    return int(app.return_code or 0)


def _run(app: App[Any]) -> None:
    """Run an app, and take back what it leaves behind: handlers that only it can serve. A
    terminal that is closed sends SIGCONT, which may well come after its end."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTSTP, signal.SIGCONT)}
    try:
        app.run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _pause_garbage_collection() -> None:
    # What is loaded now stays: looking through it for garbage is a fifth of the time until the
    # first picture. The app turns this on again once that is drawn.
    gc.disable()
