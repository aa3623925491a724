"""The configuration, as people write it: all of it, a duration, one line, and what is left out."""

from __future__ import annotations

from pathlib import Path

from sessionlib.bundles.ignore_rules import IGNORE_FILE, IsIgnored, load_ignore_rules
from sessionlib.config import Config, yaml_document
from sessionlib.config.durations import YEAR_S, brief, seconds
from sessionlib.config.edit import with_fleet_key
from sessionlib.config_loading import load
from sessionlib.errors import ConfigError, ProgramError
from sessionlib.signed.fleet_config import (
    CONFIG_RECORDS,
    PublishedConfig,
    comparable_settings,
    describe_difference,
    settings_digest,
)
from sessionlib.stores import timing_of
from tests.fuzz.target import Target
from tests.fuzz.targets.homes import spot

KEY = "5e" * 32
_NAMES = ("a", "main.py", "data", "a b", "[x]", ".env", "é", "x" * 60)
LONGEST_COMPLAINT = 40_000
"""All that is wrong with a file is told at once, a line each."""


def _configuration(data: bytes) -> Config:
    path = spot() / "accounts.yaml"
    path.write_bytes(data)
    return load(path)


def _configuration_holds(config: Config) -> None:
    """All that is made of it before anything runs."""
    settings = comparable_settings(config)
    published = PublishedConfig(config.fleet, 1, settings_digest(settings), settings, 0.0, "op")
    assert (
        describe_difference(config, CONFIG_RECORDS.decode(CONFIG_RECORDS.encode(published))) == "v1"
    )
    assert timing_of(config).valid_s > 0
    spec = config.workload_spec()
    assert spec.command
    for word in (*spec.command, *spec.env, *spec.env.values()):
        assert b"\0" not in word.encode(), word
    for name in config.accounts:
        assert 0 < config.lifetime_s(name) < float("inf")
        assert 0 < config.idle_s(name) < float("inf")
        assert config.home(name).parent == config.folder / "work"
    assert 0 < config.checkpoint_every_s() < float("inf")
    assert ".." not in Path(config.workload.data).parts


def _duration(data: bytes) -> float:
    return seconds(data.decode("utf-8", "replace"))


def _duration_holds(duration_s: float) -> None:
    assert duration_s >= 0
    if duration_s <= YEAR_S:
        assert abs(seconds(brief(duration_s)) - duration_s) <= 0.001


def _key_line(data: bytes) -> tuple[str, str]:
    text = data.decode("utf-8", "replace")
    return text, with_fleet_key(text, KEY)


def _key_line_holds(found: tuple[str, str]) -> None:
    before, after = (yaml_document.parse(text).data for text in found)
    assert after["fleet_key"] == KEY
    assert {**(before or {}), "fleet_key": KEY} == after
    assert with_fleet_key(found[1], KEY) == found[1]


def _ignored(data: bytes) -> IsIgnored:
    (spot() / IGNORE_FILE).write_bytes(data)
    return load_ignore_rules(spot())


def _ignored_holds(ignored: IsIgnored) -> None:
    for name in _NAMES:
        for path in (name, f"{name}/{name}"):
            # What holds for a file holds for a folder: a pattern may mean folders only.
            assert ignored(path, True) or not ignored(path, False)
    assert ignored(".git", True)


TARGETS = (
    Target(
        "configuration",
        "config_loading.load; signed.fleet_config.comparable_settings, describe_difference",
        _configuration,
        (ConfigError,),
        _configuration_holds,
        longest_reason=LONGEST_COMPLAINT,
        also=("yaml",),
    ),
    Target("duration", "config.durations.seconds", _duration, (ValueError,), _duration_holds),
    Target(
        "key-line",
        "config.edit.with_fleet_key",
        _key_line,
        (ValueError,),
        _key_line_holds,
        longest=512,
        also=("yaml",),
    ),
    Target(
        "ignore",
        "bundles.ignore_rules.load_ignore_rules",
        _ignored,
        (ProgramError,),
        _ignored_holds,
        longest=512,
    ),
)
