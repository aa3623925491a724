"""Which rows are shown, and in which order; pure. A filter never hides the primary."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import inf

from console.fleet.readmodel import AccountRow

ORDERS: dict[str, Callable[[AccountRow], tuple[float, str]]] = {
    "priority": lambda row: (row.priority, row.name),
    "name": lambda row: (0, row.name),
    "time left": lambda row: (inf if row.remaining_s is None else row.remaining_s, row.name),
    "last heard": lambda row: (
        inf if row.heartbeat_age_s is None else row.heartbeat_age_s,
        row.name,
    ),
}


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How the operator wants to see the rows. `letters` with a leading ! hide what has them."""

    letters: str = ""
    order: str = "priority"
    reverse: bool = False

    def next_order(self) -> Arrangement:
        """The same in the next of the orders."""
        names = list(ORDERS)
        return replace(self, order=names[(names.index(self.order) + 1) % len(names)])

    def rows(self, rows: Iterable[AccountRow], holder: str | None) -> list[AccountRow]:
        """The rows that are shown, `holder`'s always among them."""
        kept = [row for row in rows if row.name == holder or self._fits(row)]
        return sorted(kept, key=ORDERS[self.order], reverse=self.reverse)

    def _fits(self, row: AccountRow) -> bool:
        hides = self.letters.startswith("!")
        letters = self.letters.removeprefix("!").strip().lower()
        return not letters or (letters in _text(row)) is not hides


def _text(row: AccountRow) -> str:
    said = (row.name, row.email, row.role, row.phase, row.readiness, row.workload, row.owner)
    return " ".join(filter(None, said)).lower().replace("_", " ")
