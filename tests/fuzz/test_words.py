"""Goal: text, lengths of time and whole configurations of every sort are read, or refused in words.

Method: structured values where libFuzzer has only bytes: whole escape sequences,
lengths made of units, settings of the wrong sort in the right place.
"""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionlib.config.durations import YEAR_S, brief, seconds
from tests.fuzz.examples import CONFIGURATION
from tests.fuzz.table import TARGETS
from tests.fuzz.target import fault
from tests.fuzz.values import JSON

ESCAPES = st.sampled_from(
    [
        "\x1b[31m",
        "\x1b[2J",
        "\x1b]0;title\x07",
        "\x1b]8;;http://x\x1b\\",
        "\x1b]52;c;aGk=",
        "\x1bP1;2|",
        "\x1b",
        "\x9b31m",
        "\x9d0;x\x9c",
        "\u202e",
        "\u2066",
        "\u200b",
        "\r",
        "\x08",
        "[bold]",
        "\udc9b",
        "\u0301",
        "\U000e0041",
        "日",
    ]
)
TEXTS = st.lists(ESCAPES | st.text(max_size=4), max_size=12).map("".join)


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_nothing_that_a_terminal_obeys_is_left_of_a_text(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    assert fault(TARGETS["text"], data) is None
    assert fault(TARGETS["log"], data) is None


@given(st.floats(0, YEAR_S))
@settings(deadline=None)
def test_a_length_of_time_is_read_as_it_was_written(duration_s: float) -> None:
    assert abs(seconds(brief(duration_s)) - duration_s) <= 0.001


@given(st.lists(st.tuples(st.integers(0, 9_999), st.sampled_from("dhms")), max_size=5))
@settings(deadline=None)
def test_a_length_of_time_in_parts(parts: list[tuple[int, str]]) -> None:
    text = "".join(f"{count}{unit}" for count, unit in parts)
    assert fault(TARGETS["duration"], text.encode()) is None


def _places(settings_: Any) -> list[tuple[Any, Any]]:
    found = []
    for key, value in settings_.items() if isinstance(settings_, dict) else ():
        found.append((settings_, key))
        found += _places(value)
    return found


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_setting_of_another_sort(data: st.DataObject) -> None:
    whole = yaml.safe_load(CONFIGURATION)
    holder, key = data.draw(st.sampled_from(_places(whole)))
    if data.draw(st.booleans()):
        holder[key] = data.draw(JSON)
    else:
        holder[data.draw(st.sampled_from(["x", "session", "ready", "env", "scale"]))] = holder.pop(
            key
        )
    text = yaml.safe_dump(whole, allow_unicode=data.draw(st.booleans()), sort_keys=False)
    assert fault(TARGETS["configuration"], text.encode("utf-8", "surrogatepass")) is None
