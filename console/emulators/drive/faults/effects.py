"""How a request goes that meets a fault: when it is carried out, answered and dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from console.emulators.drive.faults.rates import Durations, Faults
from console.emulators.drive.methods.call import Quirks
from console.emulators.drive.methods.errors import bad_token, too_many_requests
from console.emulators.drive.wire.messages import HttpResponse
from sessionlib.clock import sleep

Execute = Callable[[Quirks], HttpResponse]

NO_ANSWER = HttpResponse(0)
"""No answer: the connection is closed."""


def quirks_of(name: str, takes: Durations) -> Quirks:
    """What is odd in how Drive carries out a request under that fault."""
    return Quirks(
        read_ago_s=takes.stale_s if name == "stale-get" else 0.0,
        unseen_s=takes.unseen_s if name == "unseen" else 0.0,
        list_ago_s=takes.stale_list_s if name == "stale-list" else 0.0,
        pause_s=takes.pause_s if name == "non-atomic" else 0.0,
        refuses_condition=name == "spurious-412",
        old_etag=name == "wrong-etag",
        coarse_dates=name == "coarse-etag",
        is_full=name == "full",
        bins=name == "trashed",
        doubles=name == "duplicate-name",
        keeps_little=name == "short-piece",
    )


def execute_with_fault(name: str, execute: Execute, faults: Faults) -> HttpResponse:
    """Carry a request out under a fault; LOST where no answer goes out."""
    if name in _FAULT_EFFECTS:
        return _FAULT_EFFECTS[name](execute, faults)
    return execute(quirks_of(name, faults.durations))


def _lost(_: Execute, faults: Faults) -> HttpResponse:
    return NO_ANSWER


def _lost_answer(execute: Execute, faults: Faults) -> HttpResponse:
    execute(Quirks())
    return NO_ANSWER


def _late(execute: Execute, faults: Faults) -> HttpResponse:
    _execute_later(faults.durations.late_s, execute)
    return NO_ANSWER


def _delayed(execute: Execute, faults: Faults) -> HttpResponse:
    sleep(faults.durations.delay_s)
    return execute(Quirks())


def _duplicated(execute: Execute, faults: Faults) -> HttpResponse:
    first = execute(Quirks())
    execute(Quirks())
    return first


def _duplicated_second(execute: Execute, faults: Faults) -> HttpResponse:
    execute(Quirks())
    return execute(Quirks())


def _execute_later(seconds: float, execute: Execute) -> None:
    def wait() -> None:
        sleep(seconds)
        execute(Quirks())

    threading.Thread(target=wait, name="late", daemon=True).start()


def _rate_limit(_: Execute, faults: Faults) -> HttpResponse:
    return too_many_requests(403).answer()


def _rate_limit_done(execute: Execute, faults: Faults) -> HttpResponse:
    execute(Quirks())
    return too_many_requests(403).answer()


def _retry_after(_: Execute, faults: Faults) -> HttpResponse:
    wait_s = str(faults.durations.retry_after_s)
    return too_many_requests(429).answer().with_headers(retry_after=wait_s)


def _html(execute: Execute, faults: Faults) -> HttpResponse:
    if faults.choose((0, 1)):
        execute(Quirks())
    status = faults.choose((500, 502, 503))
    page = f"<!DOCTYPE html><html><title>Error {status} (Server Error)!!1</title></html>"
    return HttpResponse(status, page.encode(), {"content-type": "text/html; charset=UTF-8"})


def _bad_token(_: Execute, faults: Faults) -> HttpResponse:
    return bad_token().answer()


_FAULT_EFFECTS: Mapping[str, Callable[[Execute, Faults], HttpResponse]] = {
    "lost": _lost,
    "lost-answer": _lost_answer,
    "late": _late,
    "delayed": _delayed,
    "duplicated": _duplicated,
    "duplicated-second": _duplicated_second,
    "rate-limit": _rate_limit,
    "rate-limit-done": _rate_limit_done,
    "retry-after": _retry_after,
    "html-5xx": _html,
    "expired-token": _bad_token,
    "revoked": _bad_token,
}
