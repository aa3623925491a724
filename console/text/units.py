"""Lengths of time and sizes in words, as exact as a reader needs them. Pure."""

from __future__ import annotations


def duration(seconds: float | None) -> str:
    """`7h12m`, `3m20s`, `12s`; `-` where it isn't known."""
    if seconds is None:
        return "-"
    whole = int(max(0.0, seconds))
    hours, minutes, rest = whole // 3_600, whole // 60 % 60, whole % 60
    if hours >= 100:
        return f"{hours // 24}d{hours % 24:02}h"
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


def ago(seconds: float | None) -> str:
    """`3s ago`; `never` where there is nothing to be old."""
    return "never" if seconds is None else f"{duration(seconds)} ago"


def countdown(seconds: float | None) -> str:
    """A countdown as `06:12:44`; `--:--:--` where it isn't known. What has passed has a `-`."""
    if seconds is None:
        return "--:--:--"
    whole = int(abs(seconds))
    sign = "-" if seconds <= -1 else ""
    return f"{sign}{min(whole // 3_600, 9_999):02}:{whole // 60 % 60:02}:{whole % 60:02}"


def size_text(count: int | None) -> str:
    """A number of bytes as `7 B`, `12.5 kB`, `340 MB`, `2.1 GB`; `-` where it isn't known.

    The units are decimal. There are at least two digits, and no more than four.
    """
    if count is None:
        return "-"
    if count < 1_000:
        return f"{count} B"
    value = count / 1_000
    for unit in ("kB", "MB", "GB"):
        # Compared as they are rounded, so that there is neither 100.0 nor 1000.
        if value < 99.95:
            return f"{value:.1f} {unit}"
        if value < 999.5:
            return f"{value:.0f} {unit}"
        value /= 1_000
    return f"{value:.1f} TB" if value < 99.95 else f"{value:.0f} TB"
