"""Durations as people write them: `60s`, `5m`, `12h`, `1h30m`, or a plain number of seconds.

A duration is short to write, finite and below a year.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

from sessionlib.config.field_types import setting_error

YEAR_S = 366 * 86_400.0
MAX_CHARS = 64
_UNITS_S = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|[dhms])")
_EXAMPLES = "write it as 60s, 5m, 12h or 1h30m, or as a number of seconds"


def seconds(text: str) -> float:
    """`1h30m` as 5400.0. Raises ValueError for anything else than units that fall."""
    # The search below takes a time that grows with the square of what it is given.
    if len(text) > MAX_CHARS:
        raise ValueError(_EXAMPLES)
    rest = text.replace(" ", "").lower()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", rest):
        return float(rest)
    parts = _PART.findall(rest)
    sizes_s = [_UNITS_S[unit] for _, unit in parts]
    # 30m1h or 5m5m is more likely a slip than a sum.
    if not parts or sizes_s != sorted(set(sizes_s), reverse=True):
        raise ValueError(_EXAMPLES)
    if "".join(number + unit for number, unit in parts) != rest:
        raise ValueError(_EXAMPLES)
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)


def brief(duration_s: float) -> str:
    """The shortest spelling that `seconds` reads back: 5400 as `1h30m`."""
    left_ms = round(duration_s * 1_000)
    text = ""
    for unit, size_s in _UNITS_S.items():
        count, left_ms = divmod(left_ms, round(size_s * 1_000))
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def _read(value: object) -> float:
    if isinstance(value, str):
        try:
            value = seconds(value)
        except ValueError:
            raise setting_error(f'"{value:.40}" is not a duration: {_EXAMPLES}') from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise setting_error(f"is not a duration: {_EXAMPLES}")
    if not 0 <= value <= YEAR_S:
        raise setting_error("must lie between 0s and 366d")
    return float(value)


def _more_than_zero(value: object) -> float:
    duration_s = _read(value)
    if duration_s == 0:
        raise setting_error("must be more than 0s")
    return duration_s


DurationOrZero = Annotated[float, BeforeValidator(_read)]
Duration = Annotated[float, BeforeValidator(_more_than_zero)]
