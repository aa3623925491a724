"""The protocol page says what the code does, or the build fails."""

from __future__ import annotations

import re

from sessionlib.core.decide import RULES
from tools.protocol_doc import BLOCKS, PAGE, drawn


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text()
    assert drawn(page) == page, "run `make docs`"


def test_every_block_has_its_place() -> None:
    assert set(re.findall(r"<!-- drawn: (\w+) -->", PAGE.read_text())) == set(BLOCKS)


def test_a_stale_page_would_be_noticed() -> None:
    page = PAGE.read_text()
    assert drawn(page.replace("| 60 s |", "| 61 s |")) == page
    assert page.count("`stop_as_fenced`") >= sum(
        rule.__name__ == "stop_as_fenced" for rule in RULES.values()
    )
