"""Which door a request goes to, and how its answer leaves.

Decided here: that Drive's, the sign-in's and the emulator's own paths stand side by
side at one address, and how long an answer takes. Not decided here: what any of them
answers.
"""

from __future__ import annotations

from console.emulators.drive.control_api import PREFIX, Control
from console.emulators.drive.faults.effects import LOST, play
from console.emulators.drive.faults.kinds import Sort
from console.emulators.drive.faults.rates import Faults
from console.emulators.drive.methods.call import Quirks
from console.emulators.drive.oauth.pages import TOKEN_PATH, Pages
from console.emulators.drive.service import Drive
from console.emulators.drive.wire.messages import Answer, Request, encoded
from console.emulators.drive.wire.server import Sent
from sessionlib.clock import Clock, sleep

HALF = "half-answer"


class Front:
    """Takes a request, gives what goes out."""

    def __init__(
        self,
        doors: tuple[Drive, Pages, Control],
        faults: Faults,
        clock: Clock,
        latency_s: float,
    ) -> None:
        self.latency_s = latency_s
        self._drive, self._pages, self._control = doors
        self._faults = faults
        self._clock = clock

    def __call__(self, request: Request) -> Sent:
        if request.path.startswith(PREFIX):
            return Sent(encoded(self._control.answer(request), self._clock))
        self._wait()
        answer, fault = self._answer(request)
        if answer is LOST:
            return Sent(b"", hangs_up=True)
        data = encoded(answer, self._clock)
        self._wait()
        if fault == HALF:
            return Sent(data[: len(data) - len(answer.body) // 2 - 1], hangs_up=True)
        return Sent(data)

    def _answer(self, request: Request) -> tuple[Answer, str]:
        if request.path != TOKEN_PATH:
            answer = self._pages.answer(request)
            return self._drive.answer(request) if answer is None else (answer, "")
        kind = self._faults.draw(frozenset({Sort.TOKEN}))
        name = kind.name if kind is not None else ""
        return play(name, lambda quirks: self._signed_in(request, quirks), self._faults), name

    def _signed_in(self, request: Request, _: Quirks) -> Answer:
        answer = self._pages.answer(request)
        return Answer(404) if answer is None else answer

    def _wait(self) -> None:
        if self.latency_s:
            sleep(self.latency_s / 2)
