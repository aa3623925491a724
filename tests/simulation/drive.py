"""The lease register as the adapter for Google Drive makes it.

Goal: the core over exactly what that adapter can answer. Method: a conditional write is a
PUT and a reading afterwards, each a request of its own with all that strikes requests, as
in `sessionlib.stores.drive.conditional_write`, whose rules stand here as steps in simulated time:
success is believed once a reading holds what was written, and the version is that
reading's; a 412 is looked into; everything else says nothing. Besides, Drive refuses true
conditions now and then, and turns requests away for their rate that it carries out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sessionlib.core.events import Event, LeaseRead, WriteAnswered, WriteVerdict
from sessionlib.core.view import LeaseReadStatus, Write
from sessionlib.stores.drive.conditional_write import PAUSE_S, SPURIOUS_TRIES, STALE_TRIES
from tests.simulation.faults import Kind
from tests.simulation.register import Answer, Register

if TYPE_CHECKING:
    from tests.simulation.node import Node


class DriveRegister(Register):
    """A register of which each write takes two requests or more."""

    def send(self, node: Node, write: Write | None, answer: Answer) -> None:
        if write is None:
            super().send(node, None, answer)
        elif self.fleet.is_cut_off(node):
            # No connection comes about: nothing can have happened.
            wait_s = self.fleet.net.uniform(0.01, self.fleet.odds.delay_s)
            unsent = WriteAnswered(write.lease.nonce, WriteVerdict.UNREACHABLE, why="no connection")
            self.fleet.after(wait_s, lambda: answer(unsent))
        else:
            self._put_over(node, write, answer, 1)

    def take(self, write: Write) -> Event:
        fleet, odds, chance = self.fleet, self.fleet.odds, self.fleet.net
        nonce = write.lease.nonce
        if chance.random() < odds.spurious:
            fleet.count(Kind.SPURIOUS)
            return WriteAnswered(nonce, WriteVerdict.CONFLICT, why="refused for no reason")
        if chance.random() < odds.rate:
            if chance.random() < 0.5:
                fleet.count(Kind.RATE)
            else:
                fleet.count(Kind.RATE_YET_DONE)
                super().take(write)
            return WriteAnswered(nonce, WriteVerdict.UNKNOWN, why="too many requests")
        return super().take(write)

    def _put_over(self, node: Node, write: Write, answer: Answer, tries: int) -> None:
        def answered(event: Event) -> None:
            assert isinstance(event, WriteAnswered)
            if event.verdict is WriteVerdict.DONE:
                self._settle(node, write, answer, event, 1)
            elif event.verdict is WriteVerdict.CONFLICT:
                self._look_into(node, write, answer, event, tries)
            else:
                answer(event)

        super().send(node, write, _once(answered))

    def _settle(
        self, node: Node, write: Write, answer: Answer, done: WriteAnswered, tries: int
    ) -> None:
        """The version that our write has made, by a reading that holds it."""

        def looked(event: Event) -> None:
            assert isinstance(event, LeaseRead)
            seen = event.lease if event.status is LeaseReadStatus.SEEN else None
            if seen is not None and seen.nonce == write.lease.nonce:
                answer(replace(done, version=event.version))
            elif seen is not None and event.version == write.expected and tries < STALE_TRIES:
                self.fleet.after(
                    PAUSE_S, lambda: self._settle(node, write, answer, done, tries + 1)
                )
            else:
                answer(
                    replace(done, verdict=WriteVerdict.UNKNOWN, version="", why="written, it says")
                )

        super().send(node, None, _once(looked))

    def _look_into(
        self, node: Node, write: Write, answer: Answer, refused: WriteAnswered, tries: int
    ) -> None:
        """After a 412: a conflict, unless the record is at the version that we named."""

        def looked(event: Event) -> None:
            assert isinstance(event, LeaseRead)
            if event.status is not LeaseReadStatus.SEEN or event.version != write.expected:
                answer(refused)
            elif tries < SPURIOUS_TRIES:
                self.fleet.after(PAUSE_S, lambda: self._put_over(node, write, answer, tries + 1))
            else:
                answer(replace(refused, verdict=WriteVerdict.UNREACHABLE))

        super().send(node, None, _once(looked))


def _once(answer: Answer) -> Answer:
    """A request has one answer, however often it arrives."""
    answers = [answer]
    return lambda event: answers.pop()(event) if answers else None
