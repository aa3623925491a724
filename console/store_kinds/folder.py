"""A store in a folder, as the console sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.store_kinds.kind import ConsoleStoreKind, SetupPlan, refuse_drive_options
from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.stores.folder_kind import store_folder

if TYPE_CHECKING:
    from console.checks.doctor.examination import PlannedExamination


def _plan_setup(config: Config, *, mail: bool) -> SetupPlan:
    from console.setup.founding.folder import folder_steps  # noqa: PLC0415 - for init alone

    del mail
    return SetupPlan(folder_steps(config))


def _plan_examination(
    config: Config, accounts: str | None, rounds: int | None, clock: Clock
) -> PlannedExamination:
    from console.checks.doctor import folder  # noqa: PLC0415 - for doctor alone

    refuse_drive_options(config, accounts, rounds)
    return folder.plan(config, clock)


def _unreachable_advice(config: Config) -> str:
    return (
        f"check that {store_folder(config)} is there and mounted ({config.where('store')}); "
        "`colabvps-console init` makes it where it never was. The fleet may well be at work"
    )


FOLDER = ConsoleStoreKind(
    plan_setup=_plan_setup,
    plan_examination=_plan_examination,
    unreachable_advice=_unreachable_advice,
)
