"""The page on the screen names the keys that it has, or the build fails."""

from __future__ import annotations

from console.tui.bindings import KEYS
from tools.console_doc import PAGE, drawn


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text()
    assert "<!-- drawn: keys -->" in page
    assert drawn(page) == page, "run `make docs`"


def test_every_key_is_on_it() -> None:
    page = PAGE.read_text()
    assert [key.id for key in KEYS if f"| {key.label} | {key.help} |" not in page] == []
