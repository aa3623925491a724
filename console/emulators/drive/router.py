"""Where a request goes, and how its answer leaves.

Drive's, the sign-in's and the emulator's own paths stand side by side at one address.
"""

from __future__ import annotations

from console.emulators.drive.control_api import PREFIX, ControlApi
from console.emulators.drive.faults.effects import NO_ANSWER, execute_with_fault
from console.emulators.drive.faults.kinds import RequestKind
from console.emulators.drive.faults.rates import Faults
from console.emulators.drive.methods.call import Quirks
from console.emulators.drive.oauth.pages import TOKEN_PATH, SignInPages
from console.emulators.drive.service import DriveService
from console.emulators.drive.wire.messages import HttpRequest, HttpResponse, encode_response
from console.emulators.drive.wire.server import Outgoing
from sessionlib.clock import Clock, sleep

HALF_ANSWER = "half-answer"


class Router:
    """Takes a request, gives what goes out."""

    def __init__(
        self,
        doors: tuple[DriveService, SignInPages, ControlApi],
        faults: Faults,
        clock: Clock,
        latency_s: float,
    ) -> None:
        self.latency_s = latency_s
        self._drive, self._pages, self._control = doors
        self._faults = faults
        self._clock = clock

    def __call__(self, request: HttpRequest) -> Outgoing:
        if request.path.startswith(PREFIX):
            return Outgoing(encode_response(self._control.answer(request), self._clock))
        self._wait()
        answer, fault = self._answer(request)
        if answer is NO_ANSWER:
            return Outgoing(b"", hangs_up=True)
        data = encode_response(answer, self._clock)
        self._wait()
        if fault == HALF_ANSWER:
            return Outgoing(data[: len(data) - len(answer.body) // 2 - 1], hangs_up=True)
        return Outgoing(data)

    def _answer(self, request: HttpRequest) -> tuple[HttpResponse, str]:
        if request.path != TOKEN_PATH:
            answer = self._pages.answer(request)
            return self._drive.answer(request) if answer is None else (answer, "")
        kind = self._faults.draw(frozenset({RequestKind.TOKEN}))
        name = kind.name if kind is not None else ""
        return execute_with_fault(
            name, lambda quirks: self._signed_in(request, quirks), self._faults
        ), name

    def _signed_in(self, request: HttpRequest, _: Quirks) -> HttpResponse:
        answer = self._pages.answer(request)
        return HttpResponse(404) if answer is None else answer

    def _wait(self) -> None:
        if self.latency_s:
            sleep(self.latency_s / 2)
