"""A store in Google Drive, as a kind: its record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlib.clock import Clock
from sessionlib.layout import LEASE
from sessionlib.ports import Store
from sessionlib.stores.kind import StoreKind

if TYPE_CHECKING:
    from sessionlib.config import Config
    from sessionlib.signed.doctor_result import CheckedFolder


def _open(config: Config, clock: Clock, account: str | None) -> Store:
    from sessionlib.stores.drive.opening import open_drive  # noqa: PLC0415 - only for who asks for it

    return open_drive(config, clock, account, DRIVE.timing(config).timeout_s)


def _checked_folder(config: Config) -> CheckedFolder:
    from sessionlib.signed.doctor_result import CheckedFolder  # noqa: PLC0415 - reads signed records

    ids = config.store.ids or {}
    return CheckedFolder(config.fleet, config.store.folder_id or "", ids.get(LEASE, ""))


DRIVE = StoreKind(
    name="drive",
    title="Google Drive",
    open=_open,
    # Drive allows few writes a minute, and each read has a price.
    report_s=60.0,
    mailbox_s=(20.0, 30.0),
    checked_folder=_checked_folder,
    address=lambda config: config.store.folder_id,
)
