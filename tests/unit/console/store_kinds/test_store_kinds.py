"""A kind of store is a record: one that is added in a fixture works everywhere at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.__main__ import main
from console.store_kinds import CONSOLE_KINDS, ConsoleStoreKind, console_kind_of
from console.store_kinds.kind import SetupPlan, plan_lease_record
from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.config_loading import load
from sessionlib.errors import ConfigError
from sessionlib.ports import Store
from sessionlib.stores import KINDS, StoreKind, timing_of
from sessionlib.stores.folder import FolderStore
from tests.unit.console.fleet_on_disk import CONFIG, SEED

WORDS = "store: {kind: toy}"


class Toys(FolderStore):
    kind = "toy"


def _open(config: Config, clock: Clock, _account: str | None) -> Store:
    store = Toys(config.folder / "toys", clock)
    store.provision()
    return store


TOY = StoreKind(
    name="toy",
    title="a box of toys",
    open=_open,
    report_s=40.0,
    mailbox_s=(12.0, 18.0),
    address=lambda config: "the box",
)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(KINDS, TOY.name, TOY)
    path = tmp_path / "accounts.yaml"
    path.write_text(CONFIG.replace("store: {kind: folder, path: shared}", WORDS))
    assert WORDS in path.read_text()
    return path


def _document(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    document = json.loads(capsys.readouterr().out)
    assert isinstance(document, dict)
    return document


def test_it_opens_and_keeps_its_own_time(config: Path) -> None:
    timing = timing_of(load(config))
    scale = load(config).timings.scale
    assert timing.report_s == TOY.report_s / scale
    assert (timing.peek_s, timing.peek_standby_s) == tuple(one / scale for one in TOY.mailbox_s)


def test_a_fleet_on_it_is_set_up_shown_and_examined(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLABVPS_FLEET_KEY", SEED)
    assert main(["init", "--yes", "--config", str(config)]) == 0
    capsys.readouterr()
    assert main(["status", "--json", "--config", str(config)]) == 0
    store = _document(capsys)["store"]
    assert isinstance(store, dict)
    assert (store["kind"], store["reachable"]) == ("toy", True)
    assert main(["paths", "--json", "--config", str(config)]) == 0
    assert _document(capsys)["store"] == "the box"
    main(["preflight", "--json", "--config", str(config)])
    items = _document(capsys)["items"]
    assert isinstance(items, list)
    assert {one["what"]: one["word"] for one in items if one["of"] == "fleet"}["store"] == "ok"


def test_what_it_has_no_use_for_is_said_with_its_name(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--yes", "--config", str(config)]) == 2
    assert "nothing to try out on a box of toys" in capsys.readouterr().err
    assert main(["login", "primary", "--yes", "--config", str(config)]) == 2
    assert "the store is a toy" in capsys.readouterr().err


def test_its_console_side_is_a_record_too(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def plan(config: Config, *, mail: bool) -> SetupPlan:
        usual = plan_lease_record(config, mail=mail)
        return SetupPlan(usual.steps, ["mind the step"], lambda: ["wind it up"])

    monkeypatch.setitem(CONSOLE_KINDS, TOY.name, ConsoleStoreKind(plan_setup=plan))
    assert console_kind_of(load(config)).plan_setup is plan
    assert main(["init", "--yes", "--config", str(config)]) == 0
    said = capsys.readouterr()
    assert "mind the step" in said.err
    assert "wind it up" in said.out + said.err


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_is_known_by_its_word(kind: str) -> None:
    assert KINDS[kind].name == kind
    assert set(CONSOLE_KINDS) <= set(KINDS)


def test_one_that_this_version_lacks_is_told_with_those_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "accounts.yaml"
    path.write_text(CONFIG.replace("kind: folder, path: shared", "kind: attic"))
    assert main(["status", "--config", str(path)]) == 2
    said = capsys.readouterr().err
    assert f"{path}:" in said
    assert 'store.kind: "attic" is not one of folder, drive' in said


@pytest.mark.parametrize(
    ("written", "shown"), [("5", "5"), ("true", "true"), ("[folder]", "a list"), ('"5"', '"5"')]
)
def test_a_kind_that_is_no_word_is_told_in_one_sentence(
    tmp_path: Path, written: str, shown: str
) -> None:
    path = tmp_path / "accounts.yaml"
    path.write_text(CONFIG.replace("kind: folder, path: shared", f"kind: {written}"))
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(caught.value) == f"{path}:4: store.kind: {shown} is not one of folder, drive"
