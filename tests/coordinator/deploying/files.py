"""The files that deploy the coordinator, read as what reads them would.

Decided here: only as much of each form as our files use; what isn't understood is an error.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
CONTAINERFILE = ROOT / "Containerfile"
IGNORED = ROOT / ".dockerignore"
BLUEPRINT = ROOT / "render.yaml"
UNIT = ROOT / "deploy" / "colabvps-coordinator.service"
PAGES = ROOT / "docs" / "deploy"


@dataclass(frozen=True, slots=True)
class Image:
    """What the Containerfile makes: its last stage, and all files that any stage copies."""

    bases: list[str]
    copied: list[str]
    user: str
    volume: str
    port: int
    environment: dict[str, str]
    command: list[str]
    health: list[str]


def image() -> Image:
    text = re.sub(r"^#.*\n", "", CONTAINERFILE.read_text(), flags=re.MULTILINE)
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    steps = [line.split(maxsplit=1) for line in lines]
    last = max(number for number, (word, _) in enumerate(steps) if word == "FROM")
    told = {word: rest for word, rest in steps[last:] if word != "RUN"}
    copied = [rest for word, rest in steps if word == "COPY" and not rest.startswith("--from=")]
    return Image(
        bases=[rest.split()[0] for word, rest in steps if word == "FROM"],
        copied=[name for rest in copied for name in rest.split()[:-1]],
        user=told["USER"],
        volume=told["VOLUME"],
        port=int(told["EXPOSE"]),
        environment=dict(pair.split("=", 1) for pair in shlex.split(told["ENV"])),
        command=json.loads(told["CMD"]),
        health=json.loads(told["HEALTHCHECK"].partition("CMD")[2]),
    )


def unit() -> dict[str, list[str]]:
    """The values of each setting of the unit's service, in order."""
    section, found = "", dict[str, list[str]]()
    for line in UNIT.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#") and section == "Service":
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def blueprint() -> dict[str, Any]:
    """The one service of the blueprint."""
    told = yaml.safe_load(BLUEPRINT.read_text())
    assert set(told) == {"services"}
    (service,) = told["services"]
    found: dict[str, Any] = service
    return found


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text()
