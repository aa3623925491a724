"""Lengths of time and sizes in words, and what stands for a value that isn't known."""

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
    """Bytes in words: `3.1 GB`."""
    if count is None:
        return "-"
    if count < 1_000:
        return f"{count} B"
    value = count / 1_000
    for unit in ("kB", "MB", "GB"):
        if value < 1_000:
            return f"{value:.1f} {unit}"
        value /= 1_000
    return f"{value:.1f} TB"
