"""A store in Google Drive, as the console sees it. Google's packages load only where they serve."""

from __future__ import annotations

from collections.abc import Iterator

from console.checks.doctor.examination import PlannedExamination
from console.checks.preflight.items import PreflightItem
from console.errors import WrongUse
from console.store_kinds.kind import ConsoleStoreKind, SetupPlan
from sessionlib.clock import Clock
from sessionlib.config import Config


def _plan_setup(config: Config, *, mail: bool) -> SetupPlan:
    from console.setup.founding import drive  # noqa: PLC0415 - for init alone

    found = drive.inspect_folder(config)
    return SetupPlan(
        drive.steps(found, mail=mail),
        list(drive.warnings(found)),
        lambda: drive.manual_steps(found),
    )


def _plan_examination(
    config: Config, accounts: str | None, rounds: int | None, clock: Clock
) -> PlannedExamination:
    from console.checks.doctor import drive  # noqa: PLC0415 - for doctor alone

    return drive.plan(config, _names(config, accounts), rounds, clock)


def _names(config: Config, accounts: str | None) -> list[str]:
    from sessionlib.stores.drive import signin_storage  # noqa: PLC0415 - as above

    names = [] if accounts is None else [name.strip() for name in accounts.split(",")]
    if accounts is not None and len(names) != 2:
        raise WrongUse("--accounts: name two, as --accounts operator,bob")
    known = signin_storage.names(config)
    for name in names:
        if name not in known:
            raise WrongUse(f"--accounts: there is no {name:.40}; there are {', '.join(known)}")
    return names


def _account_items(
    config: Config, account: str, clock: Clock, *, writes: bool
) -> Iterator[PreflightItem]:
    from console.checks.preflight import drive_access  # noqa: PLC0415 - for preflight alone

    return drive_access.account_items(config, account, clock, writes=writes)


DRIVE = ConsoleStoreKind(
    plan_setup=_plan_setup,
    plan_examination=_plan_examination,
    account_items=_account_items,
    access_cure="check the network; `colabvps-console login operator` signs in anew",
    signs_in_to_google=True,
)
