"""The agent's notices to the operator.

This agent alone remembers what it has sent. Where notices can't be sent, it says so once and
works on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sessionlib.agent.notice_state import NoticeStateFile
from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.core.messages import Report
from sessionlib.core.narrate import LogLine
from sessionlib.core.values import Instant
from sessionlib.core.view import View
from sessionlib.notices.delivery_thread import NoticeDelivery
from sessionlib.notices.receivers import receivers
from sessionlib.notices.rules import NoticeContext, due_notices
from sessionlib.notices.send_attempt import ProcessSender, why_unavailable

REMEMBERED = "notices.json"


class Notifier:
    """One agent's line to the operator. The loop calls it, and is never made to wait."""

    def __init__(self, delivery: NoticeDelivery, log: Callable[[LogLine], None]) -> None:
        self._delivery = delivery
        self._log = log
        self._known = NoticeContext(told=delivery.delivered)
        self._failed = False

    def start(self) -> None:
        self._delivery.start()

    def send_notices(self, report: Report, view: View, now: Instant) -> None:
        """Queue the notices that the newest state asks for; returns at once."""
        try:
            notices, self._known = due_notices(self._known, view, report, now)
        except Exception as error:  # noqa: BLE001 - the work goes on, whatever is wrong with this
            if not self._failed:
                text = f"a fault in this program ({type(error).__name__}): a notice isn't sent"
                self._log(LogLine("error", "notice", text))
            self._failed = True
            return
        self._delivery.queue(notices)

    def close(self) -> None:
        """Wait a short while for what is under way."""
        self._delivery.close()


def open_notifier(
    config: Config, home: Path, clock: Clock, log: Callable[[LogLine], None]
) -> Notifier | None:
    """The notifier; None where there is nobody to tell or notices can't be sent."""
    urls, problems = receivers(config)
    why = why_unavailable()
    for text in [*problems, *([why] if why is not None else [])]:
        log(LogLine("warning", "notices_off", text))
    if not urls or why is not None:
        return None
    delivery = NoticeDelivery(
        urls, ProcessSender(config.fleet), NoticeStateFile(home / REMEMBERED), clock, log
    )
    return Notifier(delivery, log)
