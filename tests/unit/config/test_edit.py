"""Goal: writing the fleet's key changes one line and nothing else a person wrote."""

from __future__ import annotations

import pytest

from sessionlib.config.edit import with_fleet_key

KEY = "ab" * 32
LINE = f'fleet_key: "{KEY}"'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("fleet: a  # mine\nstore: {}\n", f"fleet: a  # mine\n{LINE}\nstore: {{}}\n"),
        ("# top\nfleet: a", f"# top\nfleet: a\n{LINE}"),
        ("fleet:\n  a\nstore: {}\n", f"{LINE}\nfleet:\n  a\nstore: {{}}\n"),
        ("x: 1\nfleet_key: old # why\ny: 2\n", f"x: 1\n{LINE} # why\ny: 2\n"),
        ("fleet_key: 'old'\n", f"{LINE}\n"),
        ("fleet: a\nfleet_key:\nb: c\n", f"fleet: a\n{LINE}\nb: c\n"),
        ("fleet: a\nb: c\n# fleet_key: ...\n", f"fleet: a\nb: c\n{LINE}\n"),
        ("fleet: a\r\nb: c\r\n", f"fleet: a\r\n{LINE}\r\nb: c\r\n"),
        ("fleet: a\naccounts:\n  fleet_key: x\n", f"fleet: a\n{LINE}\naccounts:\n  fleet_key: x\n"),
    ],
)
def test_one_line_is_written(before: str, after: str) -> None:
    assert with_fleet_key(before, KEY) == after
    assert with_fleet_key(after, KEY) == after


@pytest.mark.parametrize(
    "text",
    [
        "{fleet: a}",
        "fleet_key: |\n  old\nfleet: a\n",
        "fleet: [\n",
        "a sentence",
        "[a, list]",
        "store: {}\rfleet: a\rfleet_key: old\r",  # line ends of another time
        "store: {}\u2028fleet: a\u2028fleet_key: old\n",
    ],
)
def test_where_one_line_cant_say_it_nothing_is_changed(text: str) -> None:
    with pytest.raises(ValueError, match="add the line fleet_key"):
        with_fleet_key(text, KEY)
