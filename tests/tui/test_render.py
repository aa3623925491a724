"""Goal: lines that fit, say what they mean without colours, and keep what matters longest.

Method: pure functions, at every width there may be.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from console.fleet.coordinator import CoordinatorStatus
from console.fleet.readmodel import AccountRow, fleet_view
from console.text.safe_text import text_width
from console.tui import render, timeline
from console.tui.bindings import KEYS, footer_keys
from console.tui.columns import GAP, bar, heading_line, place_columns, row_runs
from console.tui.sorting import Arrangement
from console.tui.styled import fitted, harmless, spread, width_of, wrapped
from sessionlib.core.values import PlanPhase
from tests.tui.kit import SCENES, StillClock, config, moving, view

WIDTHS = (1, 8, 12, 24, 40, 60, 79, 80, 100, 118, 160, 300)


def rows(count: int = 3) -> list[AccountRow]:
    base = view(SCENES["moving"]()).accounts
    return [replace(base[at % 3], name=f"account-{at}") for at in range(count)]


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("scene", SCENES)
def test_every_line_fits(scene: str, columns: int) -> None:
    seen = view(SCENES[scene]())
    lines = [
        *render.header(seen, columns, read_only=True, orders=2, short=False),
        *timeline.lines(seen, columns),
        *render.checkpoint(seen, columns),
        *render.footer(columns, lambda _: None),
        *render.guide(seen, "accounts.yaml", columns),
    ]
    for line in lines:
        assert width_of(fitted(line, columns)) <= columns


@pytest.mark.parametrize(
    ("heard", "words"),
    [
        (CoordinatorStatus("http://c", True, "primary", 4), "coordinator → primary"),
        (CoordinatorStatus("http://c", False), "coordinator silent"),
        (CoordinatorStatus("http://c", True), "coordinator → nobody"),
        (CoordinatorStatus("http://c", True, error="no token here"), "coordinator tells nothing"),
    ],
)
def test_what_the_coordinator_says_has_its_place_at_80_columns(
    heard: CoordinatorStatus, words: str
) -> None:
    seen = replace(view(SCENES["calm"]()), coordinator=heard)
    header = render.header(seen, 80, read_only=False, orders=0, short=False)
    text = "".join(run[0] for line in header for run in fitted(line, 80))
    assert words in text
    assert "takeover" in text


@pytest.mark.parametrize("columns", WIDTHS)
def test_columns_fill_the_room_and_never_more(columns: int) -> None:
    there = place_columns(rows(), columns)
    assert there, "the name stays whatever happens"
    last = there[-1]
    if columns >= 20:
        assert last.at + last.columns <= columns
    for row in rows():
        drawn = row_runs(row, there)
        assert width_of(drawn) == last.at + last.columns
    assert text_width(heading_line(there)) == last.at + last.columns
    assert all(one.at + one.columns + GAP == two.at for one, two in itertools.pairwise(there))


def test_columns_give_way_in_order() -> None:
    kept = [
        {one.column.name for one in place_columns(rows(), columns)} for columns in range(20, 301)
    ]
    assert all(narrow <= wide for narrow, wide in itertools.pairwise(kept))
    assert {"mark", "name", "phase"} <= kept[4]
    at_80 = kept[78 - 20]
    assert at_80 >= {"name", "role", "priority", "phase", "left", "bar", "heard", "ready", "work"}
    assert {"email", "owner"} <= kept[-1]


def test_glyphs_never_stand_alone() -> None:
    for row in rows():
        text = "".join(cell for cell, _ in row_runs(row, place_columns(rows(), 100)))
        assert row.phase in text if row.phase else "not known" in text


def test_the_bar_drains_to_the_right_measure() -> None:
    assert bar(1.0, 8) == "━━━━━━━━"
    assert bar(0.5, 8) == "━━━━────"
    assert bar(0.56, 8) == "━━━━╸───"
    assert bar(0.0, 8) == "────────"
    assert bar(7.0, 4) == "━━━━"
    assert bar(-1.0, 4) == "────"


@pytest.mark.parametrize("phase", PlanPhase)
@pytest.mark.parametrize("columns", [40, 78, 118])
def test_the_commit_point_is_always_seen(phase: PlanPhase, columns: int) -> None:
    text = "\n".join(
        "".join(text for text, _ in line) for line in timeline.lines(view(moving(phase)), columns)
    )
    assert "┃" in text
    assert phase.value in text
    if phase is PlanPhase.OFFERED:
        assert "can't be aborted" in text
    else:
        assert "x aborts" in text


def test_a_move_for_now_has_no_clock() -> None:
    lines = timeline.lines(view(moving(left_s=None)), 78)
    text = "\n".join("".join(text for text, _ in line) for line in lines)
    assert "as soon as the successor is ready" in text
    assert "T-" not in text


def test_text_of_others_is_text_and_nothing_else() -> None:
    assert harmless("  a\x1b[31mb  ") == "  ab  "
    assert harmless("[bold]x[/nope]") == "[bold]x[/nope]"
    assert harmless("a\nb") == "a b"


def test_wrapping_keeps_every_word() -> None:
    text = "a primary that serves under a valid lease and a standby"
    for columns in range(8, 60):
        lines = wrapped(text, "", columns)
        assert " ".join("".join(t for t, _ in line) for line in lines) == text
        assert all(width_of(line) <= columns for line in lines)


def test_the_right_side_gives_way() -> None:
    assert spread([("left", "")], [("right", "")], 12) == [("left", ""), ("   ", ""), ("right", "")]
    assert spread([("left", "")], [("right", "")], 10) == [("left", "")]


def test_a_filter_looks_at_words_and_keeps_the_holder() -> None:
    seen = view(SCENES["calm"]()).accounts

    def names(letters: str, holder: str | None = "primary") -> list[str]:
        return [row.name for row in Arrangement(letters).rows(seen, holder)]

    assert names("") == ["primary", "backup1", "backup2"]
    assert names("HOT") == ["primary", "backup1"]
    assert names("hot standby") == ["primary", "backup1"]
    assert names("!backup") == ["primary"]
    assert names("!primary") == ["primary", "backup1", "backup2"]
    assert names("nothing has this", None) == []
    assert names("!") == ["primary", "backup1", "backup2"]


def test_no_key_stands_for_two_things_and_the_footer_is_the_table() -> None:
    keys = [name for key in KEYS for name in key.keys]
    assert len(keys) == len(set(keys))
    assert "y" not in keys, "what confirms never asks"
    line = render.footer(300, lambda _: None)[0]
    text = "".join(part for part, _ in line)
    assert [key.label for key in footer_keys()] == [key.label for key in KEYS if key.label in text]


def test_the_footer_keeps_leaving_and_help_longest() -> None:
    for columns in range(30, 130, 10):
        text = "".join(part for part, _ in render.footer(columns, lambda _: None)[0])
        assert "q Quit" in text
        assert "h Hand over" in text


def test_a_clock_that_no_calendar_holds_is_dashes() -> None:
    assert render.clock_time(1e300) == "--:--:--"


def test_the_view_is_made_from_the_scene() -> None:
    clock = StillClock()
    assert (
        fleet_view(config(), SCENES["calm"]().picture(clock).snapshot_at(clock.now())).fleet
        == "my-fleet"
    )
