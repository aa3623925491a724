"""Goal: the example loads, shows every setting, and shows the defaults that are true.

Method: the schema is walked, and the example read with and without its comment signs.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel

import console
from sessionlib.config import Config
from sessionlib.config.schema import Settings
from sessionlib.config_loading import load, parse
from sessionlib.stores import timing_of

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "accounts.example.yaml"
MINIMAL = """\
fleet: f
store: {}
workload: {command: [a]}
accounts: {p: {email: p@example.com, role: main_worker, priority: 1}}
"""


def names_of(section: Any) -> set[str]:
    found = set()
    for name, field in section.model_fields.items():
        found.add(field.alias or name)
        kinds = [field.annotation, *get_args(field.annotation)]
        for kind in kinds:
            if isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, BaseModel):
                found |= names_of(kind)
    return found


def test_it_loads_with_the_accounts_of_the_origin() -> None:
    config = load(EXAMPLE)
    assert config.by_priority() == ["primary", "backup1", "backup2"]
    assert [config.accounts[name].role for name in config.by_priority()] == [
        "main_worker",
        "hot_standby",
        "cold_backup",
    ]
    assert all(account.email.endswith("@example.com") for account in config.accounts.values())


def test_every_setting_appears() -> None:
    shown = set(re.findall(r"^[ #]*([a-z_]+):", EXAMPLE.read_text(), re.MULTILINE))
    names = names_of(Settings)
    assert {"lifetime", "rank_step", "folder_id", "http", "prepare"} <= names
    assert names - shown == set()


def test_shown_defaults_are_the_real_ones() -> None:
    shown, real = load(EXAMPLE), parse(MINIMAL, EXAMPLE)
    for section in ("coordinator", "policy", "session", "timings", "checkpoint", "store"):
        assert getattr(shown, section) == getattr(real, section), section
    command = {"command": ("a",)}
    assert shown.workload.model_copy(update=command) == real.workload


def test_defaults_shown_in_comments_are_real_too() -> None:
    text = EXAMPLE.read_text()
    own = re.search(r"# session:.*\n((?: +#   .*\n)+)", text)
    assert own is not None
    shown = yaml.safe_load(re.sub(r"^ +# +", "", own[1], flags=re.MULTILINE))
    assert shown == {"lifetime": "12h", "idle": "90m"}
    assert re.search(r"# launcher: local ", text)
    assert re.search(r"# report: 15s ", text)
    config: Config = load(EXAMPLE)
    assert config.accounts["primary"].launcher == "local"
    assert timing_of(config).report_s == 15


def test_what_init_writes_is_this_file() -> None:
    beside = Path(console.__file__).parent / EXAMPLE.name
    assert beside.read_text() == EXAMPLE.read_text()
