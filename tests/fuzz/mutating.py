"""Changes that leave JSON whole, for readers that libFuzzer's own would seldom come behind.

Decided here: which values are tried, and that one change in two is still
libFuzzer's, which tears things.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

ODD = (
    "1e999",
    "-1e999",
    "1e308",
    "5e-324",
    "-0.0",
    "-1",
    "0",
    "1",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "9" * 320,
    "true",
    "null",
    "NaN",
    "[]",
    "{}",
    '""',
    '"../x"',
    '"a/b"',
    '"."',
    '"\\u0000"',
    '"\\ud800"',
    '"\\u202e\\u001b[31m"',
    '"' + "x" * 300 + '"',
    "[" * 20 + "]" * 20,
    '{"a": 1, "a": 2}',
)
_HOLE = "@hole@"


def changed(data: bytes, chance: random.Random) -> bytes | None:
    """One line of `data` with something else in one place; None where it isn't JSON."""
    lines = data.split(b"\n")
    number = chance.randrange(len(lines))
    try:
        body = json.loads(lines[number])
    except (ValueError, RecursionError):
        return None
    places = list(_places(body))
    if not places:
        return None
    holder, key = chance.choice(places)
    _CHANGES[chance.randrange(len(_CHANGES))](holder, key, chance)
    try:
        text = json.dumps(body, separators=(",", ":"))
    except (ValueError, RecursionError):
        return None
    lines[number] = text.replace(f'"{_HOLE}"', chance.choice(ODD)).encode()
    if chance.random() < 0.1:
        lines.insert(chance.randrange(len(lines) + 1), lines[number])
    return b"\n".join(lines)


def _places(value: Any) -> Any:
    """Every (holder, key) in `value`."""
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        if isinstance(holder, dict):
            keys: Any = list(holder)
        elif isinstance(holder, list):
            keys = range(len(holder))
        else:
            continue
        for key in keys:
            yield holder, key
            waiting.append(holder[key])


def _odd(holder: Any, key: Any, _chance: random.Random) -> None:
    holder[key] = _HOLE


def _gone(holder: Any, key: Any, _chance: random.Random) -> None:
    del holder[key]


def _near(holder: Any, key: Any, chance: random.Random) -> None:
    value = holder[key]
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        holder[key] = [value]
    elif isinstance(value, str):
        at = chance.randrange(len(value) + 1)
        holder[key] = (
            value[:at] + chance.choice(("", "0", "/", "..", "é", "\x00")) + value[at + 1 :]
        )
    else:
        holder[key] = chance.choice((value + 1, value - 1, -value, value * 1_000, value // 2))


def _moved(holder: Any, key: Any, _chance: random.Random) -> None:
    if isinstance(holder, dict):
        holder[f"{key}_"] = holder.pop(key)
    else:
        holder.append(holder.pop(key))


def _twice(holder: Any, key: Any, _chance: random.Random) -> None:
    if isinstance(holder, list):
        holder.append(holder[key])
    else:
        holder[key] = [holder[key], holder[key]]


_CHANGES: tuple[Callable[[Any, Any, random.Random], None], ...] = (
    _odd,
    _odd,
    _near,
    _near,
    _near,
    _gone,
    _moved,
    _twice,
)
