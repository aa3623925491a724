"""Colours: two calm themes, and one for eyes that see red and green alike.

Beside every colour stands a word.
"""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="colabvps-dark",
    primary="#5b8fb9",
    secondary="#7aa2c4",
    accent="#9ccfd8",
    warning="#e0b568",
    error="#e06c75",
    success="#8fbf7f",
    foreground="#d5dae1",
    background="#14181d",
    surface="#1b2027",
    panel="#262d36",
    dark=True,
)
LIGHT = Theme(
    name="colabvps-light",
    primary="#2f6690",
    secondary="#3a7ca5",
    accent="#16697a",
    warning="#a15c00",
    error="#b3261e",
    success="#2e7d32",
    foreground="#1f2933",
    background="#fbfaf7",
    surface="#f1efe9",
    panel="#e2dfd6",
    dark=False,
)
BLUE_ORANGE = Theme(
    name="colabvps-blue-orange",
    primary="#4c78a8",
    secondary="#72b7d2",
    accent="#b8d8f0",
    warning="#f2cf5b",
    error="#f58518",
    success="#6aaed6",
    foreground="#e4e7eb",
    background="#12151a",
    surface="#1a1f26",
    panel="#27303a",
    dark=True,
)
THEMES = (DARK, LIGHT, BLUE_ORANGE)
DEFAULT = DARK.name
