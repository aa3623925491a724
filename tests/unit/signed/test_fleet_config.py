"""Goal: agents say in which settings they differ from what was published, and obey none of it.

Method: configurations that differ in one setting each, over a real folder store.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from sessionlib.config import Config
from sessionlib.config_loading import parse
from sessionlib.errors import ProgramError
from sessionlib.layout import CONFIG_VERSIONS, version_key
from sessionlib.signed.fleet_config import (
    CONFIG_RECORDS,
    comparable_settings,
    describe_difference,
    settings_digest,
)
from sessionlib.signed.records import VersionSeries
from tests.unit.bundles.published_code import OTHER_SEED, PUBLIC, Fleet, fleet

__all__ = ["fleet"]


def changed(fleet: Fleet, extra: str = "", workload: str = "code: app") -> Config:
    config = fleet.config(workload)
    text = "".join(
        f"{line}\n"
        for line in (
            "fleet: my-fleet",
            "store: {kind: folder, path: elsewhere}",
            "accounts: {primary: {email: a@example.com, role: main_worker, priority: 1}}",
            f"workload: {{command: [python, main.py], {workload}}}",
            extra,
        )
    )
    return parse(text, config.path)


def test_what_is_published_is_compared_setting_by_setting(fleet: Fleet) -> None:
    assert describe_difference(fleet.config(), None) == "none published"
    assert VersionSeries(fleet.store, CONFIG_RECORDS, "my-fleet").newest(PUBLIC) is None
    published = fleet.publisher().publish_config(fleet.config())
    found = VersionSeries(fleet.store, CONFIG_RECORDS, "my-fleet").newest(PUBLIC)
    assert found == published
    assert describe_difference(fleet.config(), found) == "v1"
    for extra, workload, said in (
        ("timings: {ttl: 90s}", "code: app", "timings.ttl"),
        ("policy: {handover: auto}", "code: app", "policy.handover"),
        ("", "code: app, env: {MODE: prod}", "workload.env.MODE"),
        ("", "code: app, setup: [make]", "workload.setup"),
        ("checkpoint: {keep: 3}", "code: app, secrets: [T]", "checkpoint.keep, workload.secrets"),
    ):
        config = changed(fleet, extra, workload)
        assert describe_difference(config, found) == f"differs from v1: {said}"
        assert settings_digest(comparable_settings(config)) != published.digest


def test_what_differs_from_machine_to_machine_is_no_difference(fleet: Fleet) -> None:
    published = fleet.publisher().publish_config(fleet.config())
    config = changed(fleet, f'fleet_key: "{PUBLIC}"', "code: another/place")
    assert describe_difference(config, published) == "v1"
    assert settings_digest(comparable_settings(config)) == published.digest


def test_many_differences_are_counted(fleet: Fleet) -> None:
    published = fleet.publisher().publish_config(fleet.config())
    more = "timings: {ttl: 90s, renew: 16s, timeout: 9s, margin: 6s, poll: 6s, rank_step: 6s}"
    assert describe_difference(changed(fleet, more), published).endswith(
        "timings.timeout and 1 more"
    )


def test_values_of_variables_are_not_published(fleet: Fleet) -> None:
    config = fleet.config("code: app, env: {TOKEN: hidden-word}")
    fleet.publisher().publish_config(config)
    found = fleet.store.read(version_key(CONFIG_VERSIONS, 1))
    assert found is not None
    assert b"hidden-word" not in found.data
    assert b"TOKEN" in found.data


def test_only_the_fleets_own_word_counts(fleet: Fleet) -> None:
    published = fleet.publisher().publish_config(fleet.config())
    fleet.publisher(OTHER_SEED).publish_config(fleet.config("code: app, env: {A: b}"))
    forged = replace(published, version=3, settings={})
    fleet.store.create(version_key(CONFIG_VERSIONS, 3), CONFIG_RECORDS.encode(forged))
    assert VersionSeries(fleet.store, CONFIG_RECORDS, "my-fleet").newest(PUBLIC) == published
    assert VersionSeries(fleet.store, CONFIG_RECORDS, "other").newest(PUBLIC) is None


def test_settings_that_are_too_long_are_refused_in_a_sentence(fleet: Fleet) -> None:
    names = ", ".join(f"N{number}: x" for number in range(3000))
    with pytest.raises(ProgramError, match="make the settings shorter"):
        fleet.publisher().publish_config(fleet.config(f"code: app, env: {{{names}}}"))
