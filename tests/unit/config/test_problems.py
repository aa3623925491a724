"""Goal: whatever is wrong is told with file, line, field and a fix, all of it at once.

Method: a table of bad files, each one change away from a good one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sessionlib.config.yaml_document import MAX_BYTES
from sessionlib.config_loading import load, parse
from sessionlib.errors import ConfigError

GOOD = """\
fleet: my-fleet
store:
  kind: folder
  path: VPS_Shared
accounts:
  primary:
    email: yourname@example.com
    role: main_worker
    priority: 1
  backup1:
    email: yourname.backup1@example.com
    role: hot_standby
    priority: 2
workload:
  command: [python, server.py]
"""

# What is replaced, by what, then the line, the field and the fix that must be told.
TABLE = [
    ("fleet: my-fleet", "# none", 2, "fleet", 'add "fleet: my-fleet"'),
    ("fleet: my-fleet", "fleet:", 1, "fleet", 'is empty: add "fleet: my-fleet"'),
    ("fleet: my-fleet", "fleet: 5", 1, "fleet", "put it in quotes"),
    ("fleet: my-fleet", "fleet: my fleet", 1, "fleet", "use 1 to 64 of"),
    ("fleet: my-fleet", "fleet: on", 1, "fleet", "is true, not text: put it in quotes"),
    ("fleet: my-fleet", "fleet: [a]", 1, "fleet", "is a list, not text: write one text"),
    ("fleet: my", "flet: my", 1, "flet", 'is not a setting: did you mean "fleet"?'),
    ("kind: folder", "kind: foldr", 3, "store.kind", "not one of folder, drive"),
    ("path: VPS_Shared", "path: ''", 4, "store.path", "write a path"),
    ("path: VPS_Shared", "pth: x", 4, "store.pth", 'did you mean "path"?'),
    ("path: VPS", "zzz: VPS", 4, "store.zzz", "here go kind, path, folder_id, ids, url"),
    ("path: VPS", "folder_id: VPS", 4, "store.folder_id", "goes with kind drive"),
    ("kind: folder", "kind: drive", 4, "store.path", "goes with kind folder"),
    ("kind: folder", "kind: objects", 2, "store.url", "s3://"),
    ("role: hot_standby", "role: standby", 12, "accounts.backup1.role", "not one of main_worker"),
    ("    role: hot_standby\n", "", 10, "accounts.backup1.role", 'add "role: hot_standby"'),
    ("priority: 2", "priority: 1", 13, "accounts.backup1.priority", "give each account its own"),
    ("priority: 2", "priority: 0", 13, "accounts.backup1.priority", "at least 1"),
    ("priority: 2", f"priority: {10**400}", 13, "accounts.backup1.priority", "at most 10000"),
    ("priority: 2", "priority: two", 13, "accounts.backup1.priority", "a plain number"),
    ("priority: 2", "priority: true", 13, "accounts.backup1.priority", "a plain number"),
    ("priority: 2", "priority: 1.5", 13, "accounts.backup1.priority", "a plain number"),
    ("yourname.backup1@", "yourname@", 11, "accounts.backup1.email", "is also primary's"),
    ("yourname.backup1@", "YOURNAME@", 11, "accounts.backup1.email", "is also primary's"),
    ("yourname.backup1@", "nobody", 11, "accounts.backup1.email", "write it as name@example.com"),
    ("  backup1:", "  unknown:", 10, "accounts.unknown", "choose another name"),
    ("  backup1:", "  Backup1:", 10, "accounts.Backup1", "1 to 32 of a-z"),
    ("  backup1:", "  backup/1:", 10, "accounts.backup/1", "1 to 32 of a-z"),
    ("  backup1:", "  primary:", 10, "accounts.primary", "stands twice, first on line 6"),
    ("role: hot", "launcher: x\n    role: hot", 12, "accounts.backup1.launcher", "local, manual"),
    ("role: hot", "session: {lifetime: 0}\n    role: hot", 12, "lifetime", "more than 0s"),
    ("[python, server.py]", "python server.py", 15, "workload.command", "[python, server.py]"),
    ("[python, server.py]", "[]", 15, "workload.command", "write the program"),
    ("[python, server.py]", "[python, 1.10]", 15, "workload.command[1]", "put it in quotes"),
    ("[python, server.py]", "", 15, "workload.command", "is empty: add"),
    ("  command: [python, server.py]", "  {}", 14, "workload.command", "is missing: add"),
]

MORE = [
    ("timings: {ttl: 10s}", "timings", "raise ttl, or lower one of the others"),
    ("timings: {ttl: 5 parsecs}", "timings.ttl", "write it as 60s, 5m"),
    ("timings: {ttl: 1:30}", "timings.ttl", "write it as 60s, 5m"),
    ("timings: {ttl: .inf}", "timings.ttl", "between 0s and 366d"),
    ("timings: {ttl: .nan}", "timings.ttl", "between 0s and 366d"),
    ("timings: {ttl: true}", "timings.ttl", "is not a duration"),
    ("timings: {ttl: {}}", "timings.ttl", "is not a duration"),
    ("timings: {ttl_s: 60}", "timings.ttl_s", 'did you mean "ttl"?'),
    ("timings: {scale: 0}", "timings.scale", "at least 0.001"),
    ("timings: {scale: fast}", "timings.scale", "a plain number"),
    ("policy: yes", "policy", "indented below it"),
    ("policy: {handover: maybe}", "policy.handover", "not one of auto, approve, manual"),
    ("policy: {on_no_answer: auto}", "policy.on_no_answer", "not one of proceed, hold"),
    ("policy: {takeover: manual}", "policy.takeover", "not one of auto, approve"),
    ("session: {lifetime: -1}", "session.lifetime", "between 0s and 366d"),
    ("session: {idle: 400d}", "session.idle", "between 0s and 366d"),
    ("checkpoint: {keep: 0}", "checkpoint.keep", "at least 1"),
    ("checkpoint: {every: 0}", "checkpoint.every", "more than 0s"),
    ("checkpoint: {prepare: save}", "checkpoint.prepare", "not a list"),
    ("coordinator: {url: example.com}", "coordinator.url", "https://host"),
    ("fleet_key: abc", "fleet_key", "64 hex digits: `init` writes it"),
    ("  data: ../x", "workload.data", "write a folder inside it"),
    ("  data: /x", "workload.data", "write a folder inside it"),
    ("  grace: soon", "workload.grace", "is not a duration"),
    ("  standby: hot", "workload.standby", "not one of cold, warm"),
    ("  env: {MODE: no}", "workload.env.MODE", "is false, not text: put it in quotes"),
    ("  env: {MODE: }", "workload.env.MODE", "put it in quotes"),
    ("  env: {9X: a}", "workload.env.9X", "letters, digits and _"),
    ("  env: {SESSION_ID: a}", "workload.env.SESSION_ID", "choose another name"),
    ("  secrets: [COLABVPS_FLEET_KEY]", "workload.secrets[0]", "choose another name"),
    ("  secrets: TOKEN", "workload.secrets", "write it as [NAME]"),
    ("  env: {T: a}\n  secrets: [T]", "workload.secrets[0]", "remove one of them"),
    ("  ready: {http: 'ftp://x'}", "workload.ready.http", "https://host"),
    ("  ready: {http: 'http://x', file: y}", "workload.ready.file", "remove one of them"),
    ("  code: !!python/object:os.system x", "workload.code", "remove it"),
    ("x: !!set {a, b}", "x", "remove it"),
    ("? [a, b]\n: c", "", "write a plain name"),
    ('"\\ud800": c', "", "write a plain name"),
    ('  env: {MODE: "\\udcff"}', "workload.env.MODE", "holds half a character"),
]


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, Path("accounts.yaml"))
    return caught.value.problems


def test_the_file_that_all_others_are_made_of_is_good() -> None:
    assert parse(GOOD, Path("accounts.yaml")).fleet == "my-fleet"


@pytest.mark.parametrize(("old", "new", "line", "field", "fix"), TABLE)
def test_one_wrong_setting(old: str, new: str, line: int, field: str, fix: str) -> None:
    assert old in GOOD
    found = problems(GOOD.replace(old, new, 1))
    hits = [text for text in found if fix in text]
    assert hits, found
    assert hits[0].startswith(f"accounts.yaml:{line}: ")
    assert field in hits[0]


@pytest.mark.parametrize(("more", "field", "fix"), MORE)
def test_one_wrong_setting_more(more: str, field: str, fix: str) -> None:
    found = problems(GOOD + more + "\n")
    assert len(found) >= 1
    hits = [text for text in found if fix in text]
    assert hits, found
    last = len((GOOD + more).splitlines())
    assert any(hits[0].startswith(f"accounts.yaml:{line}: {field}") for line in (last, last - 1))


def test_the_example_of_an_error_is_worded_exactly_so() -> None:
    text = GOOD.replace("role: hot_standby", "role: standby")
    (found,) = problems(text)
    assert found == (
        'accounts.yaml:12: accounts.backup1.role: "standby" is not one of '
        "main_worker, hot_standby, cold_backup"
    )


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    text = (
        GOOD.replace("fleet: my-fleet", "fleet: 5")
        .replace("kind: folder", "kind: foldr")
        .replace("priority: 2", "priority: 1")
        .replace("[python, server.py]", "python")
    )
    found = problems(text + "timings: {ttl: 10s}\npolicy: {hndover: auto}\nfleet: twice\n")
    assert [int(text.split(":")[1]) for text in found] == [1, 3, 13, 15, 16, 17, 18]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "accounts.yaml: is empty: remove it, and `colabvps-console init` makes one"),
        ("# only a comment\n", "accounts.yaml: is empty"),
        ("- a\n", "accounts.yaml:1: holds no settings: remove it, and"),
        ("hello\n", "accounts.yaml:1: holds no settings"),
        ("fleet: a\nstore: [\n", "accounts.yaml:3: is not YAML"),
        ("fleet: a\n\tstore: b\n", "accounts.yaml:2: is not YAML"),
        ("fleet: 'a\n", "is not YAML"),
        ("fleet: a\nfleet b\n", "accounts.yaml:3: is not YAML"),
        ("fleet: a\n---\nfleet: b\n", "accounts.yaml:2: is not YAML"),
        ("fleet: a\nstore: \x07\n", "accounts.yaml:2: holds a control character"),
        ("a: *nowhere\n", "accounts.yaml:1: is not YAML"),
        ('a: "\\U00110000"\n', "accounts.yaml: is not YAML, a number"),
        ('a: "\\UFFFFFFFF"\n', "accounts.yaml: is not YAML, a number"),
        ("%YAML " + "9" * 5_000 + ".1\n---\n", "accounts.yaml: is not YAML, a number"),
    ],
)
def test_what_isnt_a_configuration(text: str, said: str) -> None:
    (found,) = problems(text)
    assert found.startswith(said) or said in found


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "a: " + "{b: " * 100_000,
        "a: &a [*a]\n",
        "a0: &a0 [1]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)),
        "a: [" + "1," * 50_000 + "]",
        "- " * 2_000 + "a",
        "a: 1\n" * 100_000,
    ],
)
@pytest.mark.timeout(10)
def test_a_bomb_is_refused_at_once(text: str) -> None:
    (found,) = problems(text)[:1]
    assert found.startswith("accounts.yaml:1")


def test_files_that_cant_be_read(tmp_path: Path) -> None:
    def said(path: Path) -> str:
        with pytest.raises(ConfigError) as caught:
            load(path)
        (problem,) = caught.value.problems
        assert problem.startswith(f"{path}: ")
        return problem

    assert "no such file: `colabvps-console init` makes one" in said(tmp_path / "none.yaml")
    assert "is a directory" in said(tmp_path)
    path = tmp_path / "accounts.yaml"
    path.write_bytes(b"\x7fELF\x00\x01")
    assert "not a text file" in said(path)
    path.write_bytes(b"fleet: a\n# caf\xe9\n")
    assert "line 2 is not UTF-8" in said(path)
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    assert "larger than 1 MiB" in said(path)


def test_a_secret_in_the_wrong_place_is_not_repeated() -> None:
    secret = "5eed" * 15
    found = problems(GOOD + f"fleet_key: {secret}\nfleet_seed: {secret}\n")
    assert len(found) == 2
    assert secret not in "".join(found)


def test_braces_in_a_value_are_only_text() -> None:
    assert '"{0} {x}" is not a duration' in problems(GOOD + "session: {idle: '{0} {x}'}\n")[0]
