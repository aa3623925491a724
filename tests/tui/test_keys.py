"""Goal: each key does what the table of keys says, and says why where it does nothing.

Method: an app without a terminal, its clock standing still; every key of the
table has a test here, which is tested as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from console.fleet.snapshot import Reading
from console.orders.evidence import LivenessVerdict
from console.tui.bindings import KEYS, Key
from console.tui.dialogs import Ask, AskEmergency, Page
from console.tui.fleet_screen import FleetScreen
from sessionlib.core.messages import OrderAction, Receipt
from sessionlib.core.values import Readiness
from tests.tui.kit import (
    GUARDED,
    Bench,
    Scene,
    asking,
    at_work,
    calm,
    console,
    lost,
    moving,
    paused,
)
from tests.unit.console.fleet_on_disk import moved, report, serving

Test = Callable[..., Awaitable[None]]
PILOTED: set[str] = set()


def pilots(*ids: str) -> Callable[[Test], Test]:
    def note(test: Test) -> Test:
        PILOTED.update(ids)
        return test

    return note


def key(id: str) -> Key:  # noqa: A002 - as the table calls it
    return next(one for one in KEYS if one.id == id)


def names(bench: Bench) -> list[str]:
    return [row.name for row in bench.app.fleet.table.rows]


async def agree(bench: Bench) -> None:
    """Confirm once the dialog listens, and wait until the order is given or refused."""
    before = len(bench.app.fleet.logged)
    bench.clock.on(1.0)
    await bench.press("y")
    for _ in range(400):
        if len(bench.app.fleet.logged) > before:
            return
        await bench.pilot.pause(0.01)
    raise AssertionError("nothing came of it")


def test_every_key_has_a_test() -> None:
    assert {one.id for one in KEYS} == PILOTED


async def test_no_key_changes_anything_where_reading_is_all() -> None:
    async with console(asking(), read_only=True) as bench:
        assert "READ-ONLY" in bench.text()
        for one in KEYS:
            for name in () if one.id == "quit" else one.keys:
                await bench.press(name)
                assert not isinstance(bench.app.screen, Ask), one.id
                bench.clock.on(1.0)
                await bench.press("y", "escape")
            if one.order is not None:
                assert bench.app.fleet.check_action("order", (one.order.value,)) is None
                assert any(
                    text.startswith(f"{one.label}: ") and "--read-only" in text
                    for text in bench.events()
                ), one.id
        assert bench.orders() == []


@pilots("handover")
async def test_handover_goes_to_the_best_standby_once_it_was_agreed_to() -> None:
    async with console(calm()) as bench:
        await bench.press("h")
        ask = bench.app.screen
        assert isinstance(ask, Ask)
        assert ask.focused is not None
        assert ask.focused.id == "cancel"
        text = bench.text()
        for word in ("Demoted", "primary (a@example.com)", "Gets it", "backup1", "Reach", "Undo"):
            assert word in text
        await agree(bench)
        (order,) = bench.orders()
        assert (order.action, order.account) == (OrderAction.HANDOVER, "backup1")
        assert (order.epoch, order.incarnation, order.renewal) == (4, "inc-primary", 7)
        assert order.signature
        assert "1 order open" in bench.text()


async def test_a_selected_standby_is_the_one_that_gets_it() -> None:
    async with console(calm()) as bench:
        await bench.press("j", "j", "h")
        assert "Hand over to backup2?" in bench.text()


async def test_the_outcome_is_told_once_it_is_known() -> None:
    async with console(calm()) as bench:
        await bench.press("h")
        await agree(bench)
        lease = replace(GUARDED, epoch=5, holder="backup1", incarnation="inc-backup1", renewal=1)
        reports = at_work(
            primary=Reading(report("primary", incarnation="new"), 1.0),
            backup1=Reading(serving("backup1", 5), 1.0),
        )
        after = Scene(Reading(lease, 1.0), reports, Reading(moved(5)))
        await bench.show(after, later_s=5.0)
        done = "handover backup1: done: backup1 serves under epoch 5, 1.2 s down"
        assert done in bench.events()
        assert "order open" not in bench.text()


async def test_a_refusal_and_an_outcome_not_known_are_different_things() -> None:
    async with console(calm()) as bench:
        await bench.press("h")
        await agree(bench)
        (order,) = bench.orders()
        await bench.pass_s(601.0)
        assert any("outcome unknown, still watching" in text for text in bench.events())
        assert "1 order open" in bench.text()
        refused = replace(serving("primary", 4), receipts=(Receipt(order.id, "refused", "paused"),))
        await bench.show(Scene(reports=at_work(primary=Reading(refused, 1.0))), later_s=1.0)
        assert "handover backup1: refused: the order is refused: paused" in bench.events()
        assert "order open" not in bench.text()


async def test_keys_held_down_confirm_nothing() -> None:
    async with console(calm()) as bench:
        await bench.press("h", "y", "y", "enter")
        assert bench.orders() == []
        assert not isinstance(bench.app.screen, Ask)  # enter was Cancel
        await bench.press("h")
        bench.clock.on(1.0)
        await bench.press("h", "h", "h")
        assert isinstance(bench.app.screen, Ask)
        assert bench.orders() == []


@pytest.mark.parametrize("name", ["escape", "n", "enter"])
async def test_cancel_changes_nothing(name: str) -> None:
    async with console(calm()) as bench:
        await bench.press("h")
        bench.clock.on(1.0)
        await bench.press(name)
        assert isinstance(bench.app.screen, FleetScreen)
        assert bench.orders() == []


async def test_what_changed_while_one_read_is_not_agreed_to() -> None:
    async with console(calm()) as bench:
        await bench.press("h")
        lease = replace(GUARDED, epoch=5, holder="backup2", incarnation="inc-backup2")
        reports = at_work(backup2=Reading(serving("backup2", 5), 1.0))
        await bench.show(Scene(Reading(lease, 1.0), reports), later_s=1.0)
        await bench.press("y")
        assert bench.orders() == []
        assert any("has changed while you read" in text for text in bench.events())


async def test_a_dialog_stays_with_its_account_when_rows_change_places() -> None:
    async with console(calm()) as bench:
        await bench.press("j", "j", "h")
        await bench.press("escape", "o", "O")
        assert bench.app.fleet.table.selected == "backup2"
        await bench.press("h")
        assert "Hand over to backup2?" in bench.text()


async def test_a_key_without_the_fleets_own_key_is_refused(monkeypatch: Any) -> None:
    monkeypatch.setenv("COLABVPS_FLEET_KEY", "77" * 32)
    async with console(calm()) as bench:
        await bench.press("h")
        await agree(bench)
        assert bench.orders() == []
        assert any("refused" in text and "key" in text for text in bench.events())


@pilots("stop")
async def test_stop_names_the_session_and_what_follows() -> None:
    async with console(calm()) as bench:
        await bench.press("s")
        assert "Stop primary, the primary?" in bench.text()
        assert "backup1 (b@example.com, 11h23m left, ready) may then" in bench.text()
        await bench.press("escape", "j", "s")
        assert "Stop backup1?" in bench.text()
        await agree(bench)
        (order,) = bench.orders()
        assert (order.action, order.account) == (OrderAction.STOP, "backup1")
        assert order.target == "inc-backup1"


@pilots("approve", "abort", "pause", "resume", "checkpoint")
@pytest.mark.parametrize(
    ("id", "scene", "words", "fields"),
    [
        ("approve", asking(), ("Approve the move to backup1?", "Demoted"), {"plan": "o1"}),
        ("abort", moving(), ("Abort the move to backup1?", "serves on"), {"plan": "o1"}),
        ("pause", calm(), ("Pause the fleet?", "no plans, no takeovers"), {}),
        ("resume", paused(), ("Resume?", "as the policy says"), {}),
        ("checkpoint", calm(), ("Make a checkpoint now?",), {"account": "primary"}),
    ],
)
async def test_an_order_is_asked_about_and_given(
    id: str,  # noqa: A002 - as in the table
    scene: Scene,
    words: tuple[str, ...],
    fields: dict[str, str],
) -> None:
    async with console(scene) as bench:
        await bench.press(*key(id).keys)
        for word in (*words, "Undo", "Cancel"):
            assert word in bench.text()
        await agree(bench)
        (order,) = bench.orders()
        assert order.action is key(id).order
        assert (order.epoch, order.incarnation, order.renewal) == (4, "inc-primary", 7)
        for name, value in fields.items():
            assert getattr(order, name) == value


@pytest.mark.parametrize("one", [key for key in KEYS if key.order], ids=lambda one: one.id)
async def test_what_cant_be_done_now_says_why(one: Key) -> None:
    async with console() as bench:
        assert one.order is not None
        assert bench.app.fleet.check_action("order", (one.order.value,)) is None
        await bench.press(*one.keys)
        assert isinstance(bench.app.screen, FleetScreen)
        (text,) = bench.events()
        assert text.startswith(f"{one.label}: ")


async def emergency(bench: Bench, scene: Scene) -> AskEmergency:
    """The dialog, once this machine's launcher was asked."""
    bench.store_scene(scene)
    await bench.press("E")
    for _ in range(400):
        if isinstance(bench.app.screen, AskEmergency):
            break
        await bench.pilot.pause(0.01)
    assert isinstance(bench.app.screen, AskEmergency)
    await bench.pilot.pause()
    return bench.app.screen


async def looked_again(bench: Bench, scene: Scene, later_s: float) -> None:
    """Another look, and the launcher asked once more."""
    ask = bench.app.screen
    assert isinstance(ask, AskEmergency)
    before = ask.case
    bench.clock.on(later_s)
    bench.store_scene(scene)
    await bench.show(scene)
    for _ in range(400):
        if ask.case is not before:
            return
        await bench.pilot.pause(0.01)
    raise AssertionError("the case wasn't looked into")


@pilots("emergency")
async def test_an_emergency_needs_the_name_and_shows_the_evidence() -> None:
    async with console(lost()) as bench:
        ask = await emergency(bench, lost())
        assert ask.focused is not None
        assert ask.focused.id == "cancel"
        text = bench.text()
        for word in ("backup1 takes the work from primary", "Evidence", "launcher", "report"):
            assert word in text
        bench.clock.on(1.0)
        await bench.press("y")
        ask.action_agree()
        assert ask.query_one("#agree").disabled
        await bench.press("shift+tab", *"primar")
        assert ask.query_one("#agree").disabled
        await bench.press("enter")
        assert bench.app.screen is ask
        await bench.press("y")
        assert not ask.query_one("#ask-name").disabled
        await bench.press("enter")
        assert not isinstance(bench.app.screen, AskEmergency)
        for _ in range(400):
            if bench.orders():
                break
            await bench.pilot.pause(0.01)
        (order,) = bench.orders()
        assert (order.action, order.account) == (OrderAction.EMERGENCY, "backup1")
        assert order.stopped == "primary"
        assert order.evidence is not None
        assert "operator's word" in order.evidence


async def test_a_sign_of_life_ends_the_case() -> None:
    async with console(calm()) as bench:
        ask = await emergency(bench, calm())
        assert ask.case.why_not is not None
        assert "for a sign of life" in ask.case.why_not
        await bench.press("shift+tab", *"primary")
        assert ask.query_one("#agree").disabled
        renewed = Scene(Reading(replace(GUARDED, renewal=8), 0.5), at_work())
        await looked_again(bench, renewed, 5.0)
        assert ask.case.why_not is not None
        assert "primary is alive" in ask.case.why_not
        await looked_again(bench, renewed, 60.0)
        await bench.press("enter")
        ask.action_agree()
        assert bench.orders() == []
        assert "primary is alive" in bench.text()


async def test_a_renewal_that_was_only_seen_late_is_no_sign_of_life() -> None:
    """The screen's own look is a second old when E is pressed."""
    older = Scene(Reading(replace(GUARDED, renewal=6), 75.0), lost().reports)
    async with console(older) as bench:
        ask = await emergency(bench, lost())
        await looked_again(bench, lost(), 1.0)
        await looked_again(bench, lost(), 1.0)
        assert ask.case.verdict is LivenessVerdict.UNKNOWN
        assert ask.case.why_not is None


@pilots("down", "up", "first", "last", "page_down", "page_up")
async def test_moving_about() -> None:
    async with console(calm()) as bench:
        table = bench.app.fleet.table
        for name, selected in (
            ("j", "backup1"), ("down", "backup2"), ("down", "backup2"), ("k", "backup1"),
            ("up", "primary"), ("G", "backup2"), ("g", "primary"), ("end", "backup2"),
            ("home", "primary"), ("pagedown", "backup2"), ("pageup", "primary"),
            ("ctrl+d", "backup2"), ("ctrl+u", "primary"),
        ):  # fmt: skip
            await bench.press(name)
            assert table.selected == selected, name


@pilots("filter", "clear")
async def test_a_filter_and_its_inverse_never_hide_the_primary() -> None:
    async with console(calm()) as bench:
        await bench.press("slash", *"kup2")
        assert names(bench) == ["primary", "backup2"]
        assert "filter kup2: 2 of 3" in bench.text()
        await bench.press("enter", "j")
        assert bench.app.fleet.table.selected == "backup2"
        await bench.press("slash", *["backspace"] * 4, "exclamation_mark", *"cold")
        assert names(bench) == ["primary", "backup1"]
        await bench.press("escape")
        assert names(bench) == ["primary", "backup1", "backup2"]
        await bench.press("slash", "exclamation_mark", *"prim")
        assert names(bench) == ["primary", "backup1", "backup2"]
        await bench.press("h")
        assert not isinstance(bench.app.screen, Ask), "a letter in the filter is a letter"


@pilots("sort", "reverse")
async def test_sorting_keeps_the_selection() -> None:
    async with console(calm()) as bench:
        await bench.press("j", "o")
        assert names(bench) == ["backup1", "backup2", "primary"]
        await bench.press("o")
        assert names(bench) == ["primary", "backup1", "backup2"]
        assert "by time left" in bench.text()
        await bench.press("O")
        assert names(bench) == ["backup2", "backup1", "primary"]
        assert bench.app.fleet.table.selected == "backup1"


@pilots("details")
async def test_details_are_all_there_is_to_know() -> None:
    async with console(moving()) as bench:
        await bench.press("j", "enter")
        assert isinstance(bench.app.screen, Page)
        assert "fetching the checkpoint, 62 %" in bench.text()
        assert "11:39:59" in bench.text()
        await bench.pass_s(5.0)
        assert "11:39:54" in bench.text()
        await bench.press("escape")
        assert isinstance(bench.app.screen, FleetScreen)


@pilots("help")
async def test_help_names_every_key() -> None:
    async with console(calm(), size=(100, 60)) as bench:
        await bench.press("question_mark")
        for one in KEYS:
            assert one.label in bench.text(), one.id
        await bench.press("q")
        await bench.press("f1")
        assert isinstance(bench.app.screen, Page)


@pilots("command_palette")
async def test_the_palette_has_everything_by_name() -> None:
    async with console(calm()) as bench:
        commands = {one.title for one in bench.app.get_system_commands(bench.app.screen)}
        assert commands == {one.label for one in KEYS if one.id != "command_palette"} | {"Colours"}
        await bench.press("ctrl+p")
        await bench.press(*"hand over")
        await bench.pilot.pause(0.3)
        await bench.press("enter")
        await bench.pilot.pause(0.1)
        assert "Hand over to backup1?" in bench.text()


@pilots("quit")
@pytest.mark.parametrize("name", key("quit").keys)
async def test_quit(name: str) -> None:
    async with console(calm()) as bench:
        await bench.press(name)
        assert not bench.app.is_running or bench.app._exit


async def test_the_bottom_line_dims_what_cant_be_done() -> None:
    cold = at_work(
        backup1=Reading(),
        backup2=Reading(report("backup2", readiness=Readiness.COLD, ended="x"), 1.0),
    )
    async with console(Scene(reports=cold)) as bench:
        why = bench.app.fleet.why_not(key("handover"))
        assert why is not None
        assert "no standby reports" in why
        await bench.press("h")
        assert any("no standby reports" in text for text in bench.events())


@pytest.mark.parametrize("name", ["j", "k", "h", "s"])
async def test_nothing_is_there_yet_and_no_key_hurts(name: str) -> None:
    async with console() as bench:
        assert "UNKNOWN" in bench.text()
        await bench.press(name)
        assert isinstance(bench.app.screen, FleetScreen)
