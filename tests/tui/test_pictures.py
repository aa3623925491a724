"""Goal: the screen looks as it was agreed on, in every colour and size.

Method: scenes drawn on a screen that isn't there, compared with files beside
this one: first the text, then each line's styles, run by run. `UPDATE_PICTURES=1`
writes them anew; look at the difference before you keep it.
"""

from __future__ import annotations

import os
import string
from pathlib import Path

import pytest

from console.tui.app import ConsoleApp
from tests.tui.kit import SCENES, console, strips_of

FOLDER = Path(__file__).with_name("pictures")
SIZES = {"80x24": (80, 24), "120x30": (120, 30)}
THEMES = ("colabvps-dark", "colabvps-light")
DIALOGS = {"handover": ("h",), "help": ("question_mark",), "details": ("enter",)}


def picture_of(app: ConsoleApp) -> str:
    """Text, a legend of styles, and for each line which style runs how far."""
    letters = iter(string.ascii_letters)
    legend: dict[str, str] = {}
    texts, styles = [], []
    for strip in strips_of(app):
        texts.append("|" + "".join(segment.text for segment in strip).rstrip())
        runs: list[tuple[str, int]] = []
        for text, style, _ in strip:
            named = str(style.without_color + style.from_color(style.color, style.bgcolor))
            if named not in legend:
                legend[named] = next(letters)
            letter = legend[named]
            if runs and runs[-1][0] == letter:
                runs[-1] = (letter, runs[-1][1] + len(text))
            else:
                runs.append((letter, len(text)))
        styles.append(" ".join(f"{letter}{count}" for letter, count in runs))
    key = [f"{letter} = {style}" for style, letter in legend.items()]
    return "\n".join([*texts, "", *key, "", *styles, ""])


def compare(name: str, app: ConsoleApp) -> None:
    path = FOLDER / f"{name}.txt"
    drawn = picture_of(app)
    if os.environ.get("UPDATE_PICTURES") == "1":
        path.write_text(drawn)
    assert path.exists(), f"{path} is missing: UPDATE_PICTURES=1 writes it"
    text, _, _ = drawn.partition("\n\n")
    assert drawn == path.read_text(), f"{path.name} differs:\n{text}"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scene", SCENES)
async def test_a_scene(scene: str, size: str) -> None:
    async with console(SCENES[scene](), size=SIZES[size]) as bench:
        compare(f"{scene}-{size}", bench.app)


@pytest.mark.parametrize("theme", [*THEMES[1:], "colabvps-blue-orange"])
async def test_another_theme_has_the_same_words(theme: str) -> None:
    async with console(SCENES["moving"](), size=(80, 24), theme=theme) as bench:
        compare(f"moving-{theme}", bench.app)


async def test_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with console(SCENES["moving"](), size=(80, 24)) as bench:
        drawn = picture_of(bench.app)
        assert "#" not in drawn.partition("\n\n")[2]
        compare("moving-no-color", bench.app)


@pytest.mark.parametrize("dialog", DIALOGS)
async def test_a_dialog(dialog: str) -> None:
    async with console(SCENES["calm"](), size=(80, 24)) as bench:
        await bench.press(*DIALOGS[dialog])
        compare(f"dialog-{dialog}", bench.app)


@pytest.mark.parametrize("size", [(60, 15), (40, 10), (24, 6), (10, 3)])
async def test_a_small_screen_shows_what_counts(size: tuple[int, int]) -> None:
    async with console(SCENES["calm"](), size=size) as bench:
        if size[0] >= 24:
            assert "SAFE" in bench.text()
            assert "▶" in bench.text()
            assert "primary" in bench.text()
        assert all(len(line) <= size[0] for line in bench.text().splitlines())
        compare(f"calm-{size[0]}x{size[1]}", bench.app)
