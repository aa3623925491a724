"""What stands in each panel of the fleet's screen: the header has the verdict first; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from console.fleet.changes import FleetEvent
from console.fleet.fleet_text import SAFETY_TONES, checkpoint_text
from console.fleet.readmodel import FleetView
from console.fleet.safety import safety
from console.fleet.snapshot import Reading
from console.text.safe_text import text_width
from console.text.units import duration, size_text
from console.tui.bindings import Key, footer_keys, keys_by_group
from console.tui.sorting import Arrangement
from console.tui.styled import Run, Runs, fitted, run, spread, title, width_of, wrapped
from sessionlib.core.values import Lease


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event and when it was seen, in Unix seconds; `times` there were of its topic in a row."""

    at: float
    event: FleetEvent
    times: int = 1

    @property
    def text(self) -> str:
        """What the log says."""
        more = f" ({self.times} in a row)" if self.times > 1 else ""
        return f"{self.event.text}{more}"

    def merged_with(self, last: LoggedEvent | None) -> LoggedEvent | None:
        """Itself and `last` as one; None where they are two."""
        topic = self.event.topic
        if last is None or topic is None or last.event.topic != topic:
            return None
        return replace(self, times=last.times + 1)


def header(
    view: FleetView, columns: int, *, read_only: bool, orders: int, short: bool
) -> list[Runs]:
    """Who, whether it is safe and why, and how well that is known; `short`: only what counts."""
    verdict = safety(view)
    epoch = "epoch -" if view.lease.epoch is None else f"epoch {view.lease.epoch}"
    right: Runs = [(epoch, "dim")]
    if orders:
        right += [("  ", ""), (f" {orders} order{'s' * (orders > 1)} open ", "badge-warn")]
    if read_only:
        right += [("  ", ""), (" READ-ONLY ", "badge-dim")]
    badge = (f" {verdict.word} ", f"badge-{SAFETY_TONES[verdict.word]}")
    safe = fitted([badge, ("  ", ""), run(verdict.reason)], columns)
    if short:
        return [safe]
    return [
        spread([run(view.fleet, "head")], right, columns),
        safe,
        spread(_store(view), _policy(view), columns),
    ]


OLD_LOOK_S = 5.0


def _store(view: FleetView) -> list[Run]:
    store = view.store
    answered = "never" if store.answered_s is None else f"{duration(store.answered_s)} ago"
    if not store.reachable:
        return [run(f"store {store.kind}: not reached, last good look {answered}", "bad")]
    latency_ms = (store.latency_s or 0.0) * 1_000
    took = f"{latency_ms:.0f} ms" if latency_ms < 1_000 else f"{latency_ms / 1_000:.1f} s"
    tone = "warn" if latency_ms >= 1_000 else "dim"
    shown = [run(f"store {store.kind} {took}", tone)]
    heard = _coordinator(view)
    # At 80 columns there is room for one of the two: the age is told once it is one.
    if not heard or (store.answered_s or 0.0) >= OLD_LOOK_S:
        shown.append((f", looked {answered}", "dim"))
    return [*shown, *heard]


def _coordinator(view: FleetView) -> list[Run]:
    heard = view.coordinator
    if heard is None:
        return []
    if not heard.reachable:
        return [(" · coordinator silent", "warn")]
    if heard.primary is None and heard.error is not None:
        return [(" · coordinator tells nothing", "warn")]
    return [run(f" · coordinator → {heard.primary or 'nobody'}", "dim")]


def _policy(view: FleetView) -> list[Run]:
    policy = view.policy
    return [run(f"handover {policy.handover} · takeover {policy.takeover}", "dim")]


def checkpoint(view: FleetView, columns: int) -> list[Runs]:
    """The newest copy of the data, with its receipt."""
    copy = view.checkpoint
    if not view.store.reachable or view.lease.epoch is None:
        return [[run("not known", "dim")]]
    if copy.seq is None:
        return wrapped(checkpoint_text(copy), "dim", columns)
    age = "age not known" if copy.age_s is None else f"{duration(copy.age_s)} old"
    old = copy.age_s is not None and copy.every_s is not None and copy.age_s > 3 * copy.every_s
    head: Runs = [
        run(f"{copy.epoch}.{copy.seq}", "head"),
        run(f"  {size_text(copy.bytes)}  "),
        run(age, "bad" if old else ""),
        run("  ✔ durable", "good"),
    ]
    every = "" if copy.every_s is None else f"one is made every {duration(copy.every_s)}"
    told = run(copy.receipt or every, "dim")
    if width_of(head) + 2 + text_width(told[0]) <= columns:
        return [[*head, ("  ", ""), told]]
    return [fitted(head, columns), *wrapped(told[0], "dim", columns)[:2]]


def events(logged: Iterable[LoggedEvent], columns: int, lines: int) -> list[Runs]:
    """The newest first, as many as there is room for."""
    found: list[Runs] = []
    for one in logged:
        if len(found) >= lines:
            break
        at = (clock_time(one.at), "dim")
        room = max(8, columns - len(at[0]) - 1)
        first, *rest = wrapped(one.text, one.event.tone, room)
        found.append([at, (" ", ""), *first])
        found += [[(" " * 9, ""), *more] for more in rest[:2]]
    return [fitted(line, columns) for line in found[:lines]]


def troubles(view: FleetView, lease: Reading[Lease], columns: int) -> list[Runs]:
    """What is wrong, one line each; of a store out of reach, what was seen last."""
    if view.store.reachable:
        return [fitted([("! ", "bad"), run(text, "bad")], columns) for text in view.troubles[:4]]
    found = [fitted([("! ", "bad"), run(view.store.error or "", "bad")], columns)]
    if lease.value is not None:
        holder = lease.value.holder or "nobody"
        text = (
            f"last known, {duration(lease.age_s)} ago: epoch {lease.value.epoch}, held by {holder}"
        )
        found.append(fitted([("  ", ""), run(text, "dim")], columns))
    return found


def guide(view: FleetView, config: str, columns: int) -> list[Runs]:
    """What to do first, where no agent has reported yet."""
    if view.reported or not view.store.reachable or not view.accounts:
        return []
    first = view.accounts[0].name
    text = "No agent has reported yet. Start one, in a terminal of its own:"
    command = f"python -m sessionlib agent --config {config} --account {first}"
    return [[], *wrapped(text, "", columns), *wrapped(command, "key", columns)]


def footer(columns: int, why_not: Callable[[Key], str | None]) -> list[Runs]:
    """The keys, dimmed where they can do nothing now; what doesn't fit is in the help."""
    keys = footer_keys()
    while keys and _footer_width(keys) > columns:
        keys.remove(max(keys, key=lambda key: key.footer or 0))
    line: Runs = []
    for key in keys:
        off = why_not(key) is not None
        line += [
            (key.cap, "key-off" if off else "key"),
            (f" {key.label}", "dim" if off else ""),
            ("  ", ""),
        ]
    return [line]


def _footer_width(keys: Sequence[Key]) -> int:
    return sum(text_width(key.cap) + text_width(key.label) + 3 for key in keys) - 2


def filter_note(arrangement: Arrangement, shown: int, total: int) -> str:
    """How the rows are arranged, in words."""
    notes = []
    if arrangement.letters:
        notes.append(f"filter {arrangement.letters}: {shown} of {total}")
    if arrangement.order != "priority" or arrangement.reverse:
        notes.append(f"by {arrangement.order}{', reversed' * arrangement.reverse}")
    return " · ".join(notes)


def help_lines(columns: int, why_not: Callable[[Key], str | None]) -> list[Runs]:
    """Every key with its sentence, and why it can't be used now."""
    found: list[Runs] = []
    for group, keys in keys_by_group():
        found += [[(group, "head")]]
        for key in keys:
            caps = key.cap
            text: Runs = [(f"  {caps:<6}", "key"), (f"{key.label:<12}", "head")]
            why = why_not(key)
            room = max(12, columns - width_of(text))
            first, *rest = wrapped(key.help, "dim" if why else "", room)
            found.append([*text, *first])
            found += [[(" " * width_of(text), ""), *line] for line in rest]
            if why is not None:
                found += [
                    [(" " * width_of(text), ""), *line]
                    for line in wrapped(f"not now: {why}", "warn", room)[:2]
                ]
        found.append([])
    return found


def facts(pairs: Iterable[tuple[str, str]], columns: int, tone: str = "") -> list[Runs]:
    """Words and their sentences, in two columns."""
    pairs = list(pairs)
    widest = max((text_width(word) for word, _ in pairs), default=0)
    found: list[Runs] = []
    for word, text in pairs:
        first, *rest = wrapped(text, tone, max(10, columns - widest - 2))
        found.append([(f"{word:<{widest}}  ", "dim"), *first])
        found += [[(" " * (widest + 2), ""), *line] for line in rest]
    return found


def evidence(witnesses: Iterable[tuple[str, str, str]], columns: int) -> list[Runs]:
    """Each witness with its verdict, and what it says below."""
    tones = {"dead": "good", "alive": "bad", "unknown": "warn"}
    found: list[Runs] = [title("Evidence", columns)]
    for name, verdict, says in witnesses:
        first, *rest = wrapped(says, "", max(10, columns - 22))
        found.append([run(f"{name:<13}", "head"), (f"{verdict:<9}", tones[verdict]), *first])
        found += [[(" " * 22, ""), *line] for line in rest]
    return found


def clock_time(at: float) -> str:
    """`12:30:05` in the reader's own time zone."""
    try:
        return datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return "--:--:--"
