"""A widget that draws lines of toned runs, never markup, and a line only when it has changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from console.tui.styled import Run, Runs, fitted

_MEANINGS = ("good", "warn", "bad", "dim")
TONES = {f"tone--{tone}" for tone in (*_MEANINGS, "head", "key", "key-off")} | {
    f"tone--badge-{tone}" for tone in _MEANINGS
}
"""The component classes of every tone; `theme` gives them their colours."""


class Tones:
    """Styles of tones on one widget, looked up once for each look of the screen."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._known: dict[str, Style] = {}

    def forget(self) -> None:
        """The colours have changed."""
        self._known = {}

    def of(self, tone: str) -> Style:
        style = self._known.get(tone)
        if style is None:
            style = self._style(tone)
            self._known[tone] = style
        return style

    def _style(self, tone: str) -> Style:
        if not tone:
            return self._widget.rich_style
        style = self._widget.get_component_rich_style(f"tone--{tone}")
        if self._widget.app.no_color and tone.startswith("badge"):
            # With no colours to tell it apart, what is marked is reversed.
            return style + Style(reverse=True)
        return style

    def strip(self, runs: Sequence[Run], columns: int) -> Strip:
        """One line, as wide as it is to be."""
        segments = [Segment(text, self.of(tone)) for text, tone in runs if text]
        return Strip(segments).adjust_cell_length(columns, self.of(""))


class Panel(Widget):
    """Lines made by `draw` for a width, drawn again when they have changed."""

    COMPONENT_CLASSES: ClassVar[set[str]] = TONES
    DEFAULT_CSS = "Panel { height: auto; width: 1fr; }"

    def __init__(self, draw: Callable[[int], list[Runs]], id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self._draw = draw
        self._tones = Tones(self)
        self._lines: list[Runs] = []
        self._drawn_for = 0

    def renew(self) -> None:
        """Draw again, as far as something has changed."""
        columns = self.content_size.width
        if not columns:
            return
        before, self._lines, self._drawn_for = self._lines, self._draw(columns), columns
        if len(before) != len(self._lines) and self.styles.is_auto_height:
            self.refresh(layout=True)
            return
        changed = [
            Region(0, at, columns, 1)
            for at, line in enumerate(self._lines)
            if at >= len(before) or before[at] != line
        ]
        changed += [Region(0, at, columns, 1) for at in range(len(self._lines), len(before))]
        if changed:
            self.refresh(*changed)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._tones.forget()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        self._fit(width)
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        columns = self.content_size.width
        self._fit(columns)
        line = self._lines[y] if y < len(self._lines) else []
        return self._tones.strip(fitted(line, columns), columns)

    def _fit(self, columns: int) -> None:
        if columns != self._drawn_for:
            self._lines, self._drawn_for = self._draw(columns), columns
