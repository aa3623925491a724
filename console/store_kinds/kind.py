"""The type of the records: set-up, examination, sign-in and words of one kind of store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from console.errors import WrongUse
from sessionlib.clock import Clock, SystemClock
from sessionlib.config import Config
from sessionlib.stores import kind_of, open_store, timing_of

if TYPE_CHECKING:
    # `status` reads a record as well, and needs none of what init, doctor and preflight do.
    from console.checks.doctor.examination import PlannedExamination
    from console.checks.preflight.items import PreflightItem
    from console.setup.founding.steps import SetupStep


@dataclass(frozen=True, slots=True)
class SetupPlan:
    """What `init` does for a store: first the warnings, then the steps that are missing.

    `by_hand` says what people have to do once the steps are done.
    """

    steps: list[SetupStep]
    warnings: list[str] = field(default_factory=list)
    by_hand: Callable[[], list[str]] = list


def plan_lease_record(config: Config, *, mail: bool) -> SetupPlan:
    """The set-up of a store that is there already: it may lack the lease record."""
    from console.setup.founding.steps import lease_steps  # noqa: PLC0415 - for init alone

    del mail
    return SetupPlan(lease_steps(open_store(config, SystemClock()), timing_of(config).ttl_s))


def nothing_to_examine(
    config: Config, accounts: str | None, rounds: int | None, clock: Clock
) -> PlannedExamination:
    """Raises WrongUse: what this kind of store promises needs no trying."""
    del clock
    refuse_drive_options(config, accounts, rounds)
    place = config.where("store", "kind")
    raise WrongUse(f"{place}: there is nothing to try out on {kind_of(config).title}")


def refuse_drive_options(config: Config, accounts: str | None, rounds: int | None) -> None:
    """Raises WrongUse for an option that only goes with Google Drive."""
    for option, value in (("--accounts", accounts), ("--rounds", rounds)):
        if value is not None:
            raise WrongUse(
                f"{option} goes with a store in Google Drive; {config.where('store', 'kind')} says "
                f"{config.store.kind}"
            )


def no_account_items(
    config: Config, account: str, clock: Clock, *, writes: bool
) -> Iterator[PreflightItem]:
    """A store that everybody opens alike has nothing to show for one account."""
    del config, account, clock, writes
    return iter(())


def network_advice(config: Config) -> str:
    """What to do where the store can't be reached."""
    del config
    return "check this machine's network, and run this again. The fleet may well be at work"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleStoreKind:
    """The defaults fit a store that somebody else keeps, and that needs no sign-in."""

    plan_setup: Callable[..., SetupPlan] = plan_lease_record
    """Takes the configuration, and `mail`: whether people may be written to."""
    plan_examination: Callable[[Config, str | None, int | None, Clock], PlannedExamination] = (
        nothing_to_examine
    )
    """Takes --accounts and --rounds as well. Raises WrongUse where they don't fit."""
    account_items: Callable[..., Iterator[PreflightItem]] = no_account_items
    """What preflight shows of one account's access, `writes` says whether it may write."""
    unreachable_advice: Callable[[Config], str] = network_advice
    access_cure: str = "check that it is there and writable"
    """What preflight says where the store can't be used."""
    signs_in_to_google: bool = False
    """Whether accounts sign in to Google for it, with `login`."""
