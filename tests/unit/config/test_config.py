"""Goal: a good file gives exactly the settings it says. Method: small files, parsed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from console.config_file import find_config
from sessionlib.config import Config
from sessionlib.config.durations import brief, seconds
from sessionlib.config_loading import load, parse
from sessionlib.core.timing import MAX_LEASE_SCALE, Timing
from sessionlib.core.values import Role
from sessionlib.errors import ConfigError
from sessionlib.layout import DRIVE_PATHS
from sessionlib.stores import timing_of
from sessionlib.stores.drive.tree_ids import drive_ids
from sessionlib.stores.folder_kind import store_folder

MINIMAL = """\
fleet: my-fleet
store: {kind: folder, path: VPS_Shared}
accounts:
  primary: {email: yourname@example.com, role: main_worker, priority: 1}
workload: {command: [python, server.py]}
"""

# The shape in which the accounts are given in the page this project comes from.
ORIGIN = """{
    "primary": {
        "email": "yourname@gmail.com",
        "role": "main_worker",
        "priority": 1
    },
    "backup1": {
        "email": "yourname.backup1@gmail.com", 
        "role": "hot_standby",
        "priority": 2
    },
    "backup2": {
        "email": "yourname.backup2@gmail.com",
        "role": "cold_backup", 
        "priority": 3
    }
}"""  # noqa: W291 - as it stands


def parsed(more: str = "", base: str = MINIMAL) -> Config:
    return parse(base + more, Path("/fleets/one/accounts.yaml"))


def test_what_is_left_out_has_the_designs_defaults() -> None:
    config = parsed()
    assert timing_of(config) == Timing()
    assert (config.lifetime_s("primary"), config.idle_s("primary")) == (12 * 3600, 90 * 60)
    assert (config.checkpoint_every_s(), config.checkpoint.keep) == (300, 12)
    policy = config.policy
    assert (policy.handover, policy.on_no_answer, policy.takeover) == ("approve", "proceed", "auto")
    assert config.accounts["primary"].launcher == "local"
    assert config.accounts["primary"].owner is None
    assert config.fleet_key is None
    spec = config.workload_spec()
    assert (spec.standby, spec.grace_s, spec.data) == ("cold", 20, "data")
    assert (spec.ready_http, spec.ready_file, dict(spec.env)) == (None, None, {})


@pytest.mark.parametrize("written", [ORIGIN, json.dumps(json.loads(ORIGIN))])
def test_the_origins_mapping_loads_as_it_stands(written: str) -> None:
    base = MINIMAL.replace("accounts:\n", "").replace(
        "  primary: {email: yourname@example.com, role: main_worker, priority: 1}\n", ""
    )
    config = parsed(f"accounts: {written}\n", base)
    assert config.by_priority() == ["primary", "backup1", "backup2"]
    assert config.accounts["backup2"].role is Role.COLD_BACKUP


def test_paths_are_relative_to_the_file() -> None:
    config = parsed()
    assert store_folder(config) == Path("/fleets/one/VPS_Shared")
    assert config.home("primary") == Path("/fleets/one/work/primary")
    assert config.workload_spec().cwd == "/fleets/one"
    absolute = parsed(base=MINIMAL.replace("VPS_Shared", "/mnt/shared"))
    assert store_folder(absolute) == Path("/mnt/shared")


def test_code_is_where_the_workload_runs_and_shows_that_it_is_ready() -> None:
    base = MINIMAL.replace("server.py]", "server.py], code: app, ready: {file: up}")
    spec = parsed(base=base).workload_spec()
    assert (spec.cwd, spec.ready_file) == ("/fleets/one/app", "/fleets/one/app/up")


def test_scale_reaches_the_programs_own_durations_and_not_the_workloads() -> None:
    config = parsed("timings: {scale: 10}\n")
    assert timing_of(config) == Timing().scaled(10)
    assert config.lifetime_s("primary") == 12 * 360
    assert config.checkpoint_every_s() == 30
    assert config.workload_spec().grace_s == 20


def test_lease_timings_shrink_by_20_at_most_and_lifetimes_go_on() -> None:
    config = parsed("timings: {scale: 720}\n")
    assert timing_of(config) == Timing().scaled(MAX_LEASE_SCALE)
    assert config.lifetime_s("primary") == 60


def test_an_account_may_have_a_lifetime_of_its_own() -> None:
    base = MINIMAL.replace("priority: 1", "priority: 1, session: {lifetime: 1h30m}")
    config = parsed(base=base)
    assert (config.lifetime_s("primary"), config.idle_s("primary")) == (5400, 5400)


def on_drive(ids: Mapping[str, str] | None) -> Config:
    written = "" if ids is None else f", ids: {json.dumps(ids)}"
    kind = f"kind: drive, folder_id: 1AbCdEfGhIjK{written}"
    return parsed(base=MINIMAL.replace("kind: folder, path: VPS_Shared", kind))


TREE = {path: f"1-id-of-{number:04}" for number, path in enumerate(DRIVE_PATHS)}


def test_on_drive_what_has_a_price_is_done_more_rarely() -> None:
    timing = timing_of(on_drive(TREE))
    assert timing.report_s == 60
    assert timing.poll_s == 5
    assert (timing.peek_s, timing.peek_standby_s, timing.slack_s) == (20, 30, 30)
    assert timing_of(parsed()).slack_s == 5


def test_a_drive_store_is_its_folder_and_the_ids_of_all_that_is_in_it() -> None:
    assert drive_ids(on_drive(TREE)) == ("1AbCdEfGhIjK", TREE)
    with pytest.raises(ConfigError, match=r"store.ids: is missing: run `colabvps-console init`"):
        drive_ids(on_drive(None))
    base = MINIMAL.replace("kind: folder, path: VPS_Shared", "kind: drive")
    with pytest.raises(ConfigError, match=r"store.ids: is missing: run `colabvps-console init`"):
        drive_ids(parsed(base=base))


@pytest.mark.parametrize(
    ("change", "field", "fix"),
    [
        ({"state/lease.json": None}, r"store\.ids", "lacks state/lease.json: run .*init"),
        ({"state/orders": None, "logs": None}, r"store\.ids", "lacks logs and 1 more"),
        ({"state": "short"}, r"store\.ids\.state", "no id of Google Drive"),
        ({"state": "https://drive.google.com/x"}, r"store\.ids\.state", "what follows folders/"),
        ({"attic": "1-id-of-9999"}, r"store\.ids\.attic", "not in the tree that `init` makes"),
        ({"logs": TREE["data"]}, r"store\.ids\.(data|logs)", "also the id of (data|logs)"),
    ],
)
def test_wrong_ids_are_told_with_the_way_out(
    change: Mapping[str, str | None], field: str, fix: str
) -> None:
    ids = {path: id_ for path, id_ in {**TREE, **change}.items() if id_ is not None}
    with pytest.raises(ConfigError, match=rf"accounts.yaml:\d: {field}: .*{fix}"):
        drive_ids(on_drive(ids))


def test_ids_are_of_a_folder() -> None:
    base = MINIMAL.replace(
        "kind: folder, path: VPS_Shared", f"kind: drive, ids: {json.dumps(TREE)}"
    )
    with pytest.raises(ConfigError, match=r"store.folder_id: is missing, and ids are"):
        parsed(base=base)


def test_ids_go_with_a_drive_alone() -> None:
    base = MINIMAL.replace("path: VPS_Shared", f"ids: {json.dumps(TREE)}")
    with pytest.raises(ConfigError, match=r"store.ids: goes with kind drive"):
        parsed(base=base)


def test_a_setting_with_nothing_behind_it_counts_as_left_out() -> None:
    config = parsed("coordinator:\npolicy:\n  handover:\n  takeover: approve\n")
    assert config.coordinator.url is None
    assert (config.policy.handover, config.policy.takeover) == ("approve", "approve")


def test_numbers_in_a_command_are_words() -> None:
    base = MINIMAL.replace("server.py", "-m, http.server, 8000, 010, 0x1F, 1_000")
    words = parsed(base=base).workload.command
    assert words == ("python", "-m", "http.server", "8000", "010", "0x1F", "1_000")


def test_settings_cant_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parsed().fleet = "other"


@pytest.mark.parametrize(
    ("text", "value_s"),
    [
        ("60s", 60),
        ("5m", 300),
        ("12h", 43200),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("90", 90),
        ("1d", 86400),
        ("1.5s", 1.5),
        ("500ms", 0.5),
        ("2m500ms", 120.5),
        ("0", 0),
        ("12H", 43200),
    ],
)
def test_durations_as_people_write_them(text: str, value_s: float) -> None:
    assert seconds(text) == value_s
    assert seconds(brief(value_s)) == value_s


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m",
        "30m1h",
        "5m5m",
        "5 parsecs",
        "-5m",
        "1:30",
        "5mm",
        "h5",
        "1e3",
        "٣s",
        "9" * 300_000 + "x",
    ],
)
def test_other_spellings_are_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="write it as 60s"):
        seconds(text)


def test_a_thousand_accounts_are_no_bomb() -> None:
    rows = (
        f"  a{n}: {{email: a{n}@example.com, role: cold_backup, priority: {n}, owner: A, "
        "launcher: manual}\n"
        for n in range(1, 1_001)
    )
    text = f"fleet: f\nstore: {{}}\nworkload: {{command: [x]}}\naccounts:\n{''.join(rows)}"
    assert len(parse(text, Path("accounts.yaml")).accounts) == 1_000


def test_an_account_that_isnt_there_is_told_with_a_likely_one() -> None:
    with pytest.raises(ConfigError, match=r'accounts.yaml:3: .*"primry": did you mean "primary"'):
        parsed().account("primry")


def test_the_file_is_looked_for_where_the_design_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_dir = tmp_path / "user"
    monkeypatch.setattr("console.config_file.user_config_dir", lambda: user_dir)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    with pytest.raises(ConfigError, match=r"COLABVPS_CONFIG.*accounts.yaml.*user.*init"):
        find_config(None, {})
    user_dir.mkdir()
    (user_dir / "accounts.yaml").write_text(MINIMAL)
    assert find_config(None, {}) == user_dir / "accounts.yaml"
    (here / "accounts.yaml").write_text(MINIMAL)
    assert find_config(None, {}) == Path("accounts.yaml")
    assert find_config(None, {"COLABVPS_CONFIG": "/named"}) == Path("/named")
    assert find_config("/given", {"COLABVPS_CONFIG": "/named"}) == Path("/given")


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "accounts.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
    assert load(path).fleet == "my-fleet"
