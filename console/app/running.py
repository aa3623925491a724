"""The app as the command line starts it.

Decided here: what is opened before the first picture is drawn, and what is shown
where there is no configuration yet. Not decided here: when there is a terminal
to show it on (`cli.root`).
"""

from __future__ import annotations

from collections.abc import Callable

from console.app.app import ConsoleApp
from console.app.welcome import WelcomeApp
from console.cli.opened import Fleet, open_fleet
from console.cli.options import Desk
from console.errors import FAILED
from console.finding import find_config
from console.service import Service
from sessionlib.clock import SystemClock
from sessionlib.errors import ConfigError
from sessionlib.ports import Store


def run(desk: Desk) -> int:
    """Show the fleet until the operator leaves; the exit code. Raises ConfigError."""
    try:
        find_config(desk.config)
    except ConfigError as error:
        welcome = WelcomeApp(str(error), SystemClock())
        welcome.run()
        return welcome.return_code or 0
    fleet = open_fleet(desk)

    def open_store() -> Store:
        return open_fleet(desk).store

    return watch(fleet, open_store, read_only=desk.read_only)


def watch(fleet: Fleet, open_store: Callable[[], Store], *, read_only: bool = False) -> int:
    """Show a fleet that is opened already; the exit code."""
    app = ConsoleApp(Service(fleet, read_only), open_store)
    app.run()
    code = app.return_code
    return FAILED if code is None else code
