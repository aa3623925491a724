"""What preflight says of a fleet and of each account's session; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from console.checks.preflight.items import CLOCK_S, FLEET, MIN_FREE_BYTES, ItemStatus, PreflightItem
from console.fleet.json_output import iso
from console.fleet.readmodel import is_running, is_valid
from console.fleet.snapshot import Reading, Snapshot
from console.text.units import duration, size_text
from sessionlib import __version__
from sessionlib.config import Config
from sessionlib.core.messages import History, Report
from sessionlib.core.values import UNKNOWN_HOLDER, LeaseState, Readiness, Role
from sessionlib.core.view import Member
from sessionlib.launchers.kinds import launcher_kind_of
from sessionlib.signed.doctor_result import STALE_AFTER_S, StoreCheck, date_text
from sessionlib.stores import checked_folder_of

MAX_DISK_PCT = 95.0
RULE = (
    "Google's rules for Colab forbid using several accounts to get around usage limits, and "
    "serving what has nothing to do with interactive compute. Use this for sessions that each "
    "account's own person is entitled to and has started, with that person's knowledge."
)


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """The fleet's key: the public half that is `in_force` by now, that of the secret which this
    machine has (`public`), and what went wrong while looking."""

    in_force: str | None = None
    public: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class PreflightFacts:
    """What was seen. `code` is the newest published program, in words, and `settings` how the
    file compares with the newest published settings. `planned` is the newest planned move, of
    those that were looked at."""

    snapshot: Snapshot
    now_wall: float
    free_bytes: int | None
    key: KeyStatus = field(default_factory=KeyStatus)
    code: str | None = None
    settings: str | None = None
    store_check: StoreCheck | None = None
    planned: History | None = None


def rule_for(config: Config, *, signs_in_to_google: bool) -> str | None:
    """The provider's rule, for every fleet that may have Colab accounts in it."""
    may_be_colab = any(launcher_kind_of(config, name).may_be_colab for name in config.accounts)
    return RULE if may_be_colab or signs_in_to_google else None


def fleet_items(config: Config, found: PreflightFacts) -> Iterator[PreflightItem]:
    yield _lease(found)
    yield _key(config, found)
    yield _code(config, found)
    yield _settings(found)
    yield _standby(config, found)
    if checked_folder_of(config) is not None:
        yield _doctor(found)
    yield _disk(found)
    yield _drill(found)


def account_items(config: Config, name: str, found: PreflightFacts) -> Iterator[PreflightItem]:
    yield _owner(config, name)
    for problem in launcher_kind_of(config, name).problems(config, name):
        yield PreflightItem(name, "launcher", ItemStatus.WARN, problem.text, problem.cure)
    seen = found.snapshot.report_of(name)
    yield _session(name, seen)
    report = seen.value
    if report is None or not is_running(seen):
        return
    yield _version(name, report)
    yield _its_settings(name, report)
    if config.workload.code is not None and found.code is not None:
        yield _its_code(name, report, found.code)
    yield _its_disk(name, report)
    yield _clock(name, seen, report, found.now_wall)


def _lease(found: PreflightFacts) -> PreflightItem:
    seen = found.snapshot.lease
    if not found.snapshot.reachable:
        return PreflightItem(FLEET, "lease", ItemStatus.UNKNOWN, "the store can't be reached")
    if seen.error is not None:
        cure = "find out who wrote it, and put it back"
        return PreflightItem(FLEET, "lease", ItemStatus.FAIL, f"can't be read: {seen.error}", cure)
    if seen.value is None:
        return PreflightItem(
            FLEET, "lease", ItemStatus.FAIL, "there is none", "run `colabvps-console init`"
        )
    if seen.value.holder == UNKNOWN_HOLDER:
        cure = "wait until a session has claimed it"
        return PreflightItem(
            FLEET, "lease", ItemStatus.WARN, "was made again: nobody knows who works", cure
        )
    holder = seen.value.holder or "nobody"
    if seen.value.state is LeaseState.HELD and is_valid(seen) is False:
        text = f"held by {holder}, and not renewed for {duration(seen.age_s)}"
        cure = "nobody may be at work: see `colabvps-console status`; a standby has to take over"
        return PreflightItem(FLEET, "lease", ItemStatus.WARN, text, cure)
    paused = ", and the fleet is paused" if seen.value.paused else ""
    word = ItemStatus.WARN if seen.value.paused else ItemStatus.OK
    cure = "`colabvps-console resume` ends the pause" if seen.value.paused else ""
    text = f"epoch {seen.value.epoch}, held by {holder}{paused}"
    return PreflightItem(FLEET, "lease", word, text, cure)


def _key(config: Config, found: PreflightFacts) -> PreflightItem:
    if config.fleet_key is None:
        cure = "run `colabvps-console init`"
        return PreflightItem(
            FLEET, "fleet key", ItemStatus.FAIL, "the file has none: agents obey nobody", cure
        )
    key = found.key
    if key.public is None or key.error is not None:
        text = key.error or "its secret half isn't on this machine"
        cure = "give orders where it is, or set COLABVPS_FLEET_KEY"
        return PreflightItem(FLEET, "fleet key", ItemStatus.WARN, text, cure)
    if key.public != key.in_force:
        cure = "`colabvps-console key show` tells the two apart"
        return PreflightItem(
            FLEET, "fleet key", ItemStatus.FAIL, "this machine has another than counts", cure
        )
    if key.in_force != config.fleet_key:
        cure = f'write `fleet_key: "{key.in_force}"` into it'
        return PreflightItem(
            FLEET, "fleet key", ItemStatus.WARN, "was changed since the file was written", cure
        )
    return PreflightItem(FLEET, "fleet key", ItemStatus.OK, "the secret half is here, and fits")


def _code(config: Config, found: PreflightFacts) -> PreflightItem:
    if config.workload.code is None:
        return PreflightItem(
            FLEET, "code", ItemStatus.OK, "none to publish: it runs where the file lies"
        )
    if found.code is None:
        cure = "run `colabvps-console publish`"
        return PreflightItem(FLEET, "code", ItemStatus.FAIL, "not published", cure)
    return PreflightItem(FLEET, "code", ItemStatus.OK, f"published: {found.code}")


def _settings(found: PreflightFacts) -> PreflightItem:
    words = found.settings
    if words is None:
        return PreflightItem(FLEET, "settings", ItemStatus.UNKNOWN, "they couldn't be read")
    if words.startswith("v"):
        return PreflightItem(
            FLEET, "settings", ItemStatus.OK, f"published, and as in the file: {words}"
        )
    cure = "run `colabvps-console publish`"
    return PreflightItem(FLEET, "settings", ItemStatus.WARN, _plural(words), cure)


def _standby(config: Config, found: PreflightFacts) -> PreflightItem:
    reports = found.snapshot.reports
    lease = found.snapshot.lease.value
    holder = lease.holder if lease is not None else None
    ready = [
        name
        for name, seen in reports.items()
        if is_running(seen)
        and seen.value is not None
        and seen.value.readiness is Readiness.READY
        and name != holder
    ]
    if ready:
        return PreflightItem(FLEET, "standby", ItemStatus.OK, f"ready: {', '.join(ready)}")
    cure = "start another account's agent; until then a loss has to wait for a cold start"
    text = "none is ready" if len(config.accounts) > 1 else "the fleet has one account"
    return PreflightItem(FLEET, "standby", ItemStatus.WARN, text, cure)


def _doctor(found: PreflightFacts) -> PreflightItem:
    off = found.snapshot.store_unproven
    if off is not None:
        cure = "until then takeovers wait for `colabvps-console approve`"
        return PreflightItem(FLEET, "doctor", ItemStatus.WARN, off, cure)
    if found.store_check is None:
        return PreflightItem(FLEET, "doctor", ItemStatus.UNKNOWN, "what it has found can't be read")
    age_s = found.now_wall - found.store_check.at
    text = f"passed on {date_text(found.store_check.at)}"
    if age_s > STALE_AFTER_S:
        cure = "run `colabvps-console doctor` again: Google may have changed since"
        return PreflightItem(
            FLEET, "doctor", ItemStatus.WARN, f"{text}, {duration(age_s)} ago", cure
        )
    return PreflightItem(FLEET, "doctor", ItemStatus.OK, text)


def _disk(found: PreflightFacts) -> PreflightItem:
    if found.free_bytes is None:
        return PreflightItem(FLEET, "disk here", ItemStatus.UNKNOWN, "it can't be seen")
    text = f"{size_text(found.free_bytes)} free where the file lies"
    if found.free_bytes < MIN_FREE_BYTES:
        return PreflightItem(
            FLEET, "disk here", ItemStatus.WARN, text, "make room for data and checkpoints"
        )
    return PreflightItem(FLEET, "disk here", ItemStatus.OK, text)


def _drill(found: PreflightFacts) -> PreflightItem:
    """A move that was planned shows what a drill would, and this version has no drills."""
    if not found.snapshot.reachable:
        return PreflightItem(FLEET, "last drill", ItemStatus.UNKNOWN, "the store can't be reached")
    move = found.planned
    if move is None:
        cure = "hand over once on purpose, while you look on: `colabvps-console handover`"
        return PreflightItem(
            FLEET, "last drill", ItemStatus.WARN, "none: no planned move of late", cure
        )
    on = (iso(move.at) or "a day not known")[:10]
    text = f"a planned move to {move.to}, epoch {move.epoch}, on {on}"
    return PreflightItem(FLEET, "last drill", ItemStatus.OK, text)


def _owner(config: Config, name: str) -> PreflightItem:
    owner = config.accounts[name].owner
    if owner is None:
        cure = f"write whose account it is: accounts.{name}.owner"
        return PreflightItem(name, "owner", ItemStatus.WARN, "not named", cure)
    return PreflightItem(name, "owner", ItemStatus.OK, owner)


def _session(name: str, seen: Reading[Report]) -> PreflightItem:
    start = f"start its agent: `python -m sessionlib agent --config FILE --account {name}`"
    if seen.error is not None:
        return PreflightItem(
            name, "session", ItemStatus.WARN, f"its report can't be read: {seen.error}", start
        )
    if seen.value is None:
        return PreflightItem(name, "session", ItemStatus.UNKNOWN, "has never reported", start)
    if not is_running(seen):
        ended = seen.value.ended
        text = f"ended: {ended}" if ended else "silent"
        return PreflightItem(name, "session", ItemStatus.UNKNOWN, text, start)
    left = duration(max(0.0, seen.value.remaining_s - (seen.age_s or 0.0)))
    return PreflightItem(name, "session", ItemStatus.OK, f"{seen.value.member}, {left} left")


def _version(name: str, report: Report) -> PreflightItem:
    if report.version == __version__:
        return PreflightItem(name, "agent", ItemStatus.OK, f"version {report.version}, as here")
    cure = f"install {__version__} there, or the same here"
    text = f"version {report.version or 'unknown'}, and {__version__} here"
    return PreflightItem(name, "agent", ItemStatus.WARN, text, cure)


def _its_settings(name: str, report: Report) -> PreflightItem:
    words = report.config
    if words is None:
        return PreflightItem(name, "its settings", ItemStatus.UNKNOWN, "not told")
    if words.startswith("v"):
        return PreflightItem(name, "its settings", ItemStatus.OK, f"as published: {words}")
    cure = "`colabvps-console publish`"
    if words.startswith("differs"):
        cure = "bring its file up to date, and restart its agent, which reads it when it starts"
    return PreflightItem(name, "its settings", ItemStatus.WARN, _plural(words), cure)


def _plural(words: str) -> str:
    """What a report says of its configuration, said of settings."""
    return words.replace("differs", "differ", 1) if words.startswith("differs") else words


def _its_code(name: str, report: Report, newest: str) -> PreflightItem:
    if report.bundle == newest:
        return PreflightItem(name, "its code", ItemStatus.OK, newest)
    text = f"{report.bundle or 'none yet'}, and {newest} is published"
    return PreflightItem(name, "its code", ItemStatus.WARN, text, _to_newer_code(report))


def _to_newer_code(report: Report) -> str:
    """What brings the newest program to a session that hasn't got it."""
    if report.preparing or report.alarm:
        return report.preparing or report.alarm or ""
    works = report.member == Member.PRIMARY
    if report.bundle is None and (works or report.readiness is Readiness.READY):
        # It needs no program to be ready, so its file named none.
        return "restart its agent: it was started before its file named `workload.code`"
    if report.bundle is None and report.role is Role.COLD_BACKUP:
        return "nothing: a cold backup gets it once it is called on"
    if works:
        return "it keeps what it runs; `colabvps-console handover` moves the work to a newer one"
    return "wait until it is ready; where nothing changes restart its agent, or see `logs`"


def _its_disk(name: str, report: Report) -> PreflightItem:
    used_pct = report.resources.disk_pct
    if used_pct is None:
        return PreflightItem(name, "its disk", ItemStatus.UNKNOWN, "not told")
    text = f"{used_pct:.0f} % used"
    if used_pct >= MAX_DISK_PCT:
        return PreflightItem(
            name, "its disk", ItemStatus.WARN, text, "make room there for data and checkpoints"
        )
    return PreflightItem(name, "its disk", ItemStatus.OK, text)


def _clock(name: str, seen: Reading[Report], report: Report, now_wall: float) -> PreflightItem:
    apart_s = abs(now_wall - (seen.age_s or 0.0) - report.at)
    text = f"{apart_s:.1f} s from this machine's"
    if apart_s > CLOCK_S:
        cure = "set the clocks; nothing safe rests on them, but times will read wrong"
        return PreflightItem(name, "clock", ItemStatus.WARN, text, cure)
    return PreflightItem(name, "clock", ItemStatus.OK, text)
