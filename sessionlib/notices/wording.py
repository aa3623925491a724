"""The sentences of notices: what happened, and what to do next.

What others wrote can neither act on a terminal nor be markup, a link or a mention.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sessionlib.plain_text import plain

MAX_QUOTED = 200
_KEPT = frozenset(" .,:;-'%/+=()")
APPROVE = "colabvps-console approve"


class Level(StrEnum):
    """How much it matters; the values are apprise's."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to be told. `key` is the same whenever the same thing is meant."""

    key: str
    level: Level
    title: str
    body: str


def plain_text(text: str | None) -> str:
    """What somebody else wrote, as words only: letters, digits and a few marks."""
    kept = "".join(char for char in plain(text or "") if char.isalnum() or char in _KEPT)
    # An address that is no link can't lead anybody anywhere.
    said = " ".join(kept.replace("://", " ").split())
    return said if len(said) <= MAX_QUOTED else said[:MAX_QUOTED].rstrip() + "…"


def lasting(seconds: float) -> str:
    """`4h55m`, `12m`, `40s`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m"


def warning(key: str, who: str, left_s: float, *, by_itself: bool) -> Notice:
    """A primary's session has come to its last part."""
    then = (
        "A move to a standby will be proposed before the end. Nothing has to be done now; to "
        "move earlier:"
        if by_itself
        else "Nothing moves by itself here (policy.handover: manual). To move the work:"
    )
    body = f"The session of {who}, which does the work, has {lasting(left_s)} left. {then}"
    return Notice(key, Level.INFO, "warning reached", _with(body, "colabvps-console handover"))


def approval_of_move(  # noqa: PLR0913 - one parameter for each part of the sentence
    key: str, who: str, to: str, why: str, left_s: float | None, *, proceeds: bool
) -> Notice:
    """A plan waits for a yes."""
    when = "" if left_s is None else f" The move is due in {lasting(left_s)}."
    silence = (
        "If nobody answers, it goes ahead when its time has come."
        if proceeds
        else "If nobody answers, it waits, even until the session ends."
    )
    body = f"{who} asks to move the work to {to} ({plain_text(why)}).{when} {silence} To agree:"
    more = "To call it off instead: colabvps-console abort"
    return Notice(key, Level.WARNING, "approval wanted", _with(body, APPROVE, more))


def approval_of_takeover(key: str, who: str, holder: str, why_asked: str) -> Notice:
    """The primary is lost, and a standby may not take over by itself."""
    body = (
        f"{holder} has stopped renewing its right to work, so nobody works. {who} could take "
        f"over, and asks first ({plain_text(why_asked)}). Make sure that {holder} has really "
        "stopped, if you can. To agree:"
    )
    return Notice(key, Level.FAILURE, "approval wanted", _with(body, APPROVE))


def moved(key: str, who: str, from_: str, why: str, still_s: float) -> Notice:
    """A planned move has ended, and the work goes on."""
    body = (
        f"The work has moved from {from_} to {who} ({plain_text(why)}); it stood still for "
        f"{still_s:.1f} s and goes on. Nothing has to be done."
    )
    return Notice(key, Level.SUCCESS, "moved", body)


def move_failed(key: str, who: str, to: str, why: str) -> Notice:
    """A move has ended before its commit point."""
    body = (
        f"The move from {who} to {to} has ended before it was made: "
        f"{plain_text(why) or 'no reason is known'}. {who} works on. To see how things stand:"
    )
    return Notice(key, Level.WARNING, "move failed", _with(body, "colabvps-console status"))


def not_taken(key: str, who: str, to: str) -> Notice:
    """The successor never claimed what it was offered, and its old holder works again."""
    body = (
        f"The move to {to} has failed: {to} didn't take the lease that it was offered, and {who} "
        "does the work again. To see how things stand:"
    )
    return Notice(key, Level.WARNING, "move failed", _with(body, "colabvps-console status"))


def took_over(key: str, who: str, from_: str, why: str) -> Notice:
    """Somebody works in place of a primary that was lost."""
    body = (
        f"{who} has taken over from {from_} ({plain_text(why)}) and starts the work from the last "
        f"checkpoint. What {from_} wrote after that checkpoint is still in its own work folder. "
        "To see how things stand:"
    )
    return Notice(key, Level.WARNING, "takeover", _with(body, "colabvps-console status"))


def restarted(key: str, who: str) -> Notice:
    """A primary's agent ended without giving the lease up, and came back before others took it."""
    body = (
        f"The agent of {who} had ended without a word; it was started again and has the work "
        "again. To see how things stand:"
    )
    return Notice(key, Level.WARNING, "restarted", _with(body, "colabvps-console status"))


def alone(key: str, who: str) -> Notice:
    """Nobody could take over if the primary were lost now."""
    body = (
        f"No standby is left: {who} does the work, and no other session reports. If it is lost "
        "now, the work stops. Start another account's session, with its agent in it. To see which "
        "there are:"
    )
    return Notice(key, Level.WARNING, "no standby left", _with(body, "colabvps-console status"))


def unserved(key: str, who: str, left_s: float) -> Notice:
    """A primary nears its end without a successor."""
    body = (
        f"No standby is left to take the work from {who}, whose session stops it in "
        f"{lasting(left_s)}. The data is saved then, and the work stands still until another "
        "session is there. Start another account's session, with its agent in it. To see which "
        "there are:"
    )
    return Notice(key, Level.FAILURE, "no standby left", _with(body, "colabvps-console status"))


def failing(key: str, who: str, what: str) -> Notice:
    """The program doesn't come to work on the primary."""
    body = f"On {who}, which should do the work, {plain_text(what)}. To read what it says:"
    return Notice(key, Level.FAILURE, "workload failing", _with(body, "colabvps-console logs"))


def trial(fleet: str) -> Notice:
    """What `notify-test` sends."""
    body = (
        f"This is a test, sent by hand. Notices of the fleet {fleet} will arrive here. Nothing "
        "has happened, and nothing has to be done."
    )
    return Notice("test", Level.INFO, "a test", body)


def titled(notice: Notice, fleet: str) -> str:
    """The title as it is sent, which names the fleet."""
    return f"{fleet}: {notice.title}"


def _with(body: str, command: str, more: str = "") -> str:
    """A command on a line of its own, to be copied."""
    return "\n".join([body, "", command, *(["", more] if more else [])])
