"""Goal: each command loads only what it uses, and sessionlib never loads a screen.

Method: a fresh interpreter runs the command and lists the modules it ended up with.
"""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import console
import sessionlib
from tests.unit.console.fleet_on_disk import FleetOnDisk, fleet

__all__ = ["fleet"]
ROOT = Path(__file__).parents[3]
HEAVY = {
    "textual",
    "pydrive2",
    "googleapiclient",
    "google",
    "httplib2",
    "keyring",
    "cryptography",
    "httpx",
    "rich",
    "asyncio",
}
RUN = """
import io, json, sys
args = json.loads(sys.argv[1])
from console.__main__ import main
out, sys.stdout = sys.stdout, io.StringIO()
code = main(args)
sys.stdout = out
print(json.dumps([code, sorted(sys.modules)]))
"""


def loaded_by(script: str, *args: str) -> tuple[int, set[str]]:
    ran = subprocess.run(
        [sys.executable, "-c", script, json.dumps(args)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    code, modules = json.loads(ran.stdout)
    return code, {name.partition(".")[0] for name in modules} | set(modules)


def test_the_version_loads_next_to_nothing() -> None:
    code, modules = loaded_by(RUN, "--version")
    assert code == 0
    assert not modules & (HEAVY | {"typer", "pydantic", "yaml", "platformdirs", "subprocess"})


def test_help_loads_no_command() -> None:
    code, modules = loaded_by(RUN, "--help")
    assert code == 0
    assert "typer" in modules
    assert not modules & (HEAVY | {"pydantic", "yaml"})


@pytest.mark.parametrize("command", ["status", "history", "logs", "checkpoint list", "paths"])
def test_a_command_on_a_folder_store_loads_nothing_for_others(
    fleet: FleetOnDisk, command: str
) -> None:
    fleet.at_work()
    code, modules = loaded_by(RUN, *command.split(), "--config", str(fleet.config_path))
    assert code == 0
    assert {"pydantic", "yaml"} <= modules
    assert not modules & HEAVY


OTHER_COMMANDS = (
    "console.checks",
    "console.setup",
    "console.orders",
    "console.tui",
    "console.demo",
    "console.emulators",
    "sessionlib.agent",
    "sessionlib.bundles",
    "sessionlib.checkpoints",
    "sessionlib.config.edit",
    "sessionlib.guard",
    "sessionlib.launchers.local",
    "sessionlib.stores.drive.opening",
)
"""What `status` on a folder has no use for."""


def test_status_loads_no_room_of_another_command(fleet: FleetOnDisk) -> None:
    fleet.at_work()
    code, modules = loaded_by(RUN, "status", "--config", str(fleet.config_path))
    assert code == 0
    assert "console.store_kinds" in modules
    assert [name for name in sorted(modules) if name.startswith(OTHER_COMMANDS)] == []


def test_what_the_screen_rests_on_loads_no_screen() -> None:
    screens = (
        "console.__main__",
        "console.cli",
        "console.demo",
        "console.tui",
        "console.emulators",
    )
    names = [
        module.name
        for module in pkgutil.walk_packages(console.__path__, "console.")
        if not module.name.startswith(screens)
    ]
    assert {
        "console.fleet.changes",
        "console.fleet.cache",
        "console.fleet.safety",
        "console.orders.screen_orders",
    } <= set(names)
    # Pure parts of the screen itself, from which the docs are made and which tests call alone.
    names += [f"console.tui.{name}" for name in ("bindings", "columns", "render", "timeline")]
    script = (
        "import importlib, json, sys\n"
        "for name in json.loads(sys.argv[1]): importlib.import_module(name)\n"
        "print(json.dumps([0, sorted(sys.modules)]))\n"
    )
    _, modules = loaded_by(script, *names)
    assert not modules & {"textual", "rich"}


def test_sessionlib_never_loads_a_screen() -> None:
    names = [
        module.name
        for module in pkgutil.walk_packages(sessionlib.__path__, "sessionlib.")
        if not module.name.endswith("__main__")
    ]
    assert len(names) > 20
    script = (
        "import importlib, json, sys\n"
        "for name in json.loads(sys.argv[1]): importlib.import_module(name)\n"
        "print(json.dumps([0, sorted(sys.modules)]))\n"
    )
    _, modules = loaded_by(script, *names)
    # httpx looks for rich itself, for a command line of its own.
    _, by_httpx = loaded_by(script, "httpx")
    assert not (modules - by_httpx) & {"textual", "rich", "typer", "console"}
