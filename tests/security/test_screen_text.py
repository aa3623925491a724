"""Goal: the same on the screen: what others wrote is text there, and neither markup nor a link.

Method: the real app on a screen that isn't there, every panel, page, question, toast and
the palette, with hostile texts wherever one can be; what would be sent to the terminal is
looked at, and the links and actions behind it.
"""

from __future__ import annotations

from dataclasses import replace

from console.fleet.changes import FleetEvent
from console.fleet.snapshot import Reading
from console.tui.app import ConsoleApp
from sessionlib.core.values import Pointer
from tests.security.hostile import EVIL, KEPT, PLAN, evil, evil_report, harmless
from tests.tui.conftest import _one_place
from tests.tui.kit import GUARDED, Bench, Scene, console, strips_of
from tests.unit.console.fleet_on_disk import moved, serving

__all__ = ["_one_place"]


def everything_on(app: ConsoleApp) -> str:
    """What the terminal would get; a link or an action behind a text fails the test."""
    lines = []
    for strip in strips_of(app):
        for segment in strip:
            meta = (segment.style.meta if segment.style else None) or {}
            assert "@click" not in meta, (segment.text, meta)
            assert segment.style is None or segment.style.link is None, segment.text
        lines.append("".join(segment.text for segment in strip))
    return "\n".join(lines)


def hostile_scene() -> Scene:
    """As the poller hands it on: read, and with that made harmless; and once more as it was."""
    reports = {
        "primary": Reading(
            evil_report("primary", member="primary", workload=serving("primary", 4).workload), 2.0
        ),
        "backup1": Reading(evil_report("backup1"), 1.0),
        "backup2": Reading(None, 1.0, EVIL),
    }
    lease = replace(GUARDED, plan=PLAN, done=(EVIL,), checkpoint=Pointer(4, 1, EVIL, 7))
    return Scene(lease=Reading(lease, 3.0), reports=reports, last_move=Reading(evil(moved(4))))


async def shows(bench: Bench, *keys: str, word: str = "") -> str:
    await bench.press(*keys)
    await bench.pilot.pause()
    text = everything_on(bench.app)
    assert word in text, text
    harmless(text)
    return text


async def test_the_screen_shows_it_as_text_in_every_panel() -> None:
    async with console(hostile_scene(), size=(160, 50)) as bench:
        assert "evil" in await shows(bench)
        await bench.show(replace(hostile_scene(), failed=EVIL, read_s=12.0), later_s=5.0)
        await shows(bench)
        await bench.show(Scene(lease=Reading(None, 1.0, EVIL), reports={}), later_s=1.0)
        await shows(bench)


async def test_no_page_and_no_question_reads_markup() -> None:
    async with console(hostile_scene(), size=(160, 50)) as bench:
        await shows(bench, "enter", word="evil")
        await shows(bench, "escape", "question_mark", word="Keys")
        await shows(bench, "escape", "h")
        await shows(bench, "escape", "a")
        await shows(bench, "escape", "x")
        await shows(bench, "escape", "S")


async def test_an_emergency_shows_evidence_as_text() -> None:
    lost = replace(hostile_scene(), lease=Reading(replace(GUARDED, session=EVIL), 75.0))
    async with console(lost, size=(160, 50)) as bench:
        bench.store_scene(lost)
        await bench.press("E")
        for _ in range(50):
            await bench.pilot.pause(0.02)
            if "Evidence" in everything_on(bench.app):
                break
        harmless(everything_on(bench.app))


async def test_the_palette_shows_reasons_as_text() -> None:
    """It reads markup by itself, and broke on a holder's name."""
    scene = replace(hostile_scene(), lease=Reading(replace(GUARDED, holder=EVIL), 3.0))
    async with console(scene, size=(160, 50)) as bench:
        await bench.press("ctrl+p")
        for _ in range(100):
            await bench.pilot.pause(0.02)
            if "not now" in everything_on(bench.app):
                break
        text = everything_on(bench.app)
        assert KEPT in text
        harmless(text)


async def test_a_toast_and_the_log_show_it_as_text() -> None:
    async with console(hostile_scene(), size=(160, 50)) as bench:
        bench.app.announce(FleetEvent(EVIL, "bad"))
        for _ in range(20):
            await bench.pilot.pause(0.02)
        assert KEPT in await shows(bench)
        (notice,) = bench.app._notifications
        assert not notice.markup
        harmless(notice.message)
