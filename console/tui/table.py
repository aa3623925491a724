"""The fleet's table, drawn line by line, for there may be thousands of rows.

A tick draws only the columns that live, and a move of the cursor only two lines. The selection
goes by an account's name: it stays where rows change places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from console.fleet.readmodel import AccountRow
from console.tui.columns import PlacedColumn, heading_line, live_span, place_columns, row_runs
from console.tui.panels import TONES, Tones

HEAD = 1


class FleetTable(ScrollView, can_focus=True):
    """One line for each account, below a line of heads that stays."""

    COMPONENT_CLASSES: ClassVar[set[str]] = TONES | {"table--cursor", "table--head"}

    class Selected(Message):
        """Another account is selected, or none."""

        def __init__(self, account: str | None) -> None:
            self.account = account
            super().__init__()

    class Opened(Message):
        """The selected account was clicked once more."""

    def __init__(self, id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        self._rows: Sequence[AccountRow] = ()
        self._columns: tuple[PlacedColumn, ...] = ()
        self._tones = Tones(self)
        self._at = 0
        self.selected: str | None = None

    @property
    def rows(self) -> Sequence[AccountRow]:
        """What is shown, in its order."""
        return self._rows

    def visible_accounts(self) -> set[str]:
        """The accounts whose rows can be seen."""
        top = self.scroll_offset.y
        return {row.name for row in self._rows[top : top + self.size.height]}

    def show(self, rows: Sequence[AccountRow], *, live_only: bool) -> None:
        """Show these. `live_only`: nothing but what changes every second has changed."""
        same_length = len(rows) == len(self._rows)
        self._rows = rows
        if not same_length or not self._columns:
            self._place()
        self._find_selected()
        if not same_length:
            self.virtual_size = Size(self.size.width, len(rows) + HEAD)
            self.refresh(layout=True)
            return
        span = live_span(self._columns) if live_only else None
        if span is None:
            self.refresh()
        else:
            height = min(len(rows), self.size.height - HEAD)
            self.refresh(Region(span[0], HEAD, span[1] - span[0], height))

    def select(self, at: int) -> None:
        """Put the cursor on a row, and bring it into view."""
        if not self._rows:
            return
        before, self._at = self._at, max(0, min(at, len(self._rows) - 1))
        self.selected = self._rows[self._at].name
        if self._at == before:
            return
        if not self._bring_into_view():
            self._redraw(before)
            self._redraw(self._at)
        self.post_message(self.Selected(self.selected))

    def move(self, by: int) -> None:
        """Move the cursor by so many rows."""
        self.select(self._at + by)

    def page(self) -> int:
        """How many rows are a screenful."""
        return max(1, self.size.height - HEAD - 1)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._tones.forget()

    def on_resize(self, event: Resize) -> None:
        self._place()
        self.virtual_size = Size(self.size.width, len(self._rows) + HEAD)
        self.refresh()

    def on_click(self, event: Click) -> None:
        at = event.y + self.scroll_offset.y - HEAD
        if event.y < HEAD or at >= len(self._rows):
            return
        again = at == self._at
        self.select(at)
        if again:
            self.post_message(self.Opened())

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._rows) + HEAD

    def render_line(self, y: int) -> Strip:
        columns = self.size.width
        if y == 0:
            style = self.get_component_rich_style("table--head")
            line = Segment(f" {heading_line(self._columns)}", style)
            return Strip([line]).adjust_cell_length(columns, style)
        at = self.scroll_offset.y + y - HEAD
        if at >= len(self._rows):
            return Strip.blank(columns, self._tones.of(""))
        strip = self._tones.strip([(" ", ""), *row_runs(self._rows[at], self._columns)], columns)
        if at == self._at and self.selected is not None:
            strip = strip.apply_style(self._cursor_style())
        return strip

    def _cursor_style(self) -> Style:
        style = self.get_component_rich_style("table--cursor")
        # The text keeps its tone: only what lies beneath it is another.
        return Style(bgcolor=style.bgcolor, bold=True, reverse=self.app.no_color or None)

    def _place(self) -> None:
        self._columns = place_columns(self._rows, max(10, self.size.width - 2))

    def _find_selected(self) -> None:
        if not self._rows:
            self._at = 0
            return
        if not (self._at < len(self._rows) and self._rows[self._at].name == self.selected):
            names = [row.name for row in self._rows]
            if self.selected in names:
                self._at = names.index(self.selected)
            else:
                self._at = min(self._at, len(names) - 1)
                self.selected = names[self._at]
                self.post_message(self.Selected(self.selected))

    def _bring_into_view(self) -> bool:
        """Scroll as little as needed; whether that was anything."""
        room = self.size.height - HEAD
        top = self.scroll_offset.y
        to = min(max(top, self._at - room + 1), self._at)
        if to == top:
            return False
        self.scroll_to(y=to, animate=False, immediate=True)
        return True

    def _redraw(self, at: int) -> None:
        y = at - self.scroll_offset.y + HEAD
        if HEAD <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))
