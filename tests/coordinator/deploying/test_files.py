"""The files that deploy the coordinator, as they stand.

Goal: nothing in them names what isn't there, runs as root, or asks a machine for trust that the
docs don't speak of. Method: each is parsed; systemd judges its unit itself. What their commands
do is tried in `test_commands`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.coordinator.deploying.files import (
    IGNORED,
    PAGES,
    ROOT,
    UNIT,
    blueprint,
    image,
    page,
    unit,
)
from tests.needs import needs

FIELDS: dict[str, Any] = {
    "type": {"web", "pserv", "worker", "cron", "keyvalue"},
    "runtime": {"docker", "image", "node", "python", "elixir", "go", "ruby", "rust", "static"},
    "plan": {"starter", "standard", "pro", "pro plus", "pro max", "pro ultra"},
    "autoDeployTrigger": {"commit", "checksPass", "off"},
    "name": str,
    "dockerfilePath": str,
    "dockerContext": str,
    "dockerCommand": str,
    "healthCheckPath": str,
    "maxShutdownDelaySeconds": range(1, 301),
    "disk": {"name": str, "mountPath": str, "sizeGB": int},
    "envVars": list,
}
"""Of Render's "Blueprint YAML Reference": what a service with a disk may say, in our words. No
plan but a paid one may have a disk."""
EXPOSURE_TENTHS = 20
"""systemd's own measure, of 100; below that it calls a unit "OK" and no longer "MEDIUM"."""


def kept(name: str) -> bool:
    """Whether the file that says what is sent to be built lets it through."""
    return f"!{name}" in IGNORED.read_text().splitlines()


def test_all_that_the_image_is_made_of_is_there_and_sent() -> None:
    copied = set(image().copied)
    packages = {"sessionlib", "coordinator", "console"}
    assert copied >= packages
    for name in copied:
        assert (ROOT / name).exists(), name
        assert kept(name), name
    for link in (path for name in packages for path in (ROOT / name).rglob("*")):
        if link.is_symlink():
            into = link.resolve().relative_to(ROOT).parts[0]
            assert into in copied, f"{link} leads to {into}, which isn't copied"


def test_what_the_build_reads_is_in_the_image() -> None:
    """pyproject.toml names files too: without them the package can't be built."""
    told = (ROOT / "pyproject.toml").read_text()
    named = set(re.findall(r'"(README\.md|LICENSE)"', told))
    assert named == {"README.md", "LICENSE"}
    assert named <= set(image().copied)


def test_the_image_names_no_registry_and_isnt_root() -> None:
    made = image()
    assert len(set(made.bases)) == 1
    assert re.fullmatch(r"python:3\.1[123]-slim", made.bases[0])
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", made.user), "a number can be seen not to be root's"
    owner = made.user.split(":")[0]
    assert f"install -d -o {owner} -g {owner} -m 700 {made.volume}" in (
        (ROOT / "Containerfile").read_text()
    )
    assert Path(made.environment["COLABVPS_COORDINATOR_DB"]).parent == Path(made.volume)


def test_the_blueprint_says_what_render_documents() -> None:
    service = blueprint()
    for name, value in service.items():
        documented = FIELDS[name]
        if isinstance(documented, type):
            assert isinstance(value, documented), name
        elif isinstance(documented, dict):
            assert {key: type(one) for key, one in value.items()} == documented, name
        else:
            assert value in documented, name
    assert (service["type"], service["runtime"]) == ("web", "docker")
    assert (ROOT / service["dockerfilePath"]).samefile(ROOT / "Containerfile")
    assert service["disk"]["mountPath"] == image().volume
    assert service["envVars"] == [{"key": "PORT", "value": "10000"}]
    assert "--port 10000" in service["dockerCommand"]
    assert service["maxShutdownDelaySeconds"] > 10, "as long as what is under way may take"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The unit with its program where it is on this machine."""
    program = Path(sys.executable).parent / "colabvps-console"
    told = UNIT.read_text().replace("/opt/colabvps/bin/colabvps-console", str(program))
    path = tmp_path / UNIT.name
    path.write_text(told)
    return path


def test_systemd_takes_its_unit(here: Path) -> None:
    program = needs("systemd-analyze", "systemd")
    verified = subprocess.run(
        [program, "verify", str(here)], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    shut = [program, "security", "--offline=yes", "--no-pager", f"--threshold={EXPOSURE_TENTHS}"]
    judged = subprocess.run(
        [*shut, str(here)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    assert judged.returncode == 0, judged.stdout


def test_the_unit_is_started_anew_whatever_ends_it() -> None:
    settings = unit()
    assert settings["Restart"] == ["always"], "where it can't go on it ends as if asked to"
    assert settings["RestartPreventExitStatus"] == ["2"]
    assert int(settings["TimeoutStopSec"][0]) > 10, "as long as what is under way may take"
    assert settings["DynamicUser"] == ["yes"]
    (folder,) = settings["StateDirectory"]
    assert f"COLABVPS_COORDINATOR_DB=%S/{folder}/coordinator.db" in settings["Environment"]
    assert f"/var/lib/{folder}/coordinator.db" in page("systemd")


def test_each_file_has_its_page() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == {"container", "render", "systemd"}
    docs = (ROOT / "docs" / "coordinator.md").read_text()
    for name, file in (("container", "Containerfile"), ("render", "render.yaml")):
        assert f"](../../{file})" in page(name)
        assert f"](deploy/{name}.md)" in docs
    assert f"](../../deploy/{UNIT.name})" in page("systemd")
    assert "](deploy/systemd.md)" in docs
