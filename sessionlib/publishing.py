"""Publishing a version: of the code, or of the settings."""

# The store itself confirms all that a record speaks of, before the record is created. Of two
# operators who publish at once, one is told that the other was first. The archives of old
# versions go, but never one that a record of the last few names. An archive that no record names
# is left alone: another operator may be about to publish it.

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import IO, TypeVar

from sessionlib.bundles.packing import PackedArchive
from sessionlib.bundles.records import CODE_RECORDS, PublishedCode
from sessionlib.bundles.transfer import Progress, delete_archive, is_stored, upload
from sessionlib.config import Config
from sessionlib.errors import (
    Conflict,
    ProgramError,
    RecordUnreadable,
    SignatureInvalid,
    StoreError,
    Unknown,
)
from sessionlib.ports import Store
from sessionlib.signed.fleet_config import (
    CONFIG_RECORDS,
    PublishedConfig,
    comparable_settings,
    settings_digest,
)
from sessionlib.signed.records import NumberedRecord, RecordKind, VersionSeries

ARCHIVES_KEPT = 3
_LOOKED_THROUGH = 8

T = TypeVar("T", bound=NumberedRecord)


@dataclass(frozen=True, slots=True)
class Publisher:
    """An operator who publishes; `at` is Unix seconds by their wall clock."""

    store: Store
    fleet: str
    seed: str
    by: str
    at: float

    def publish_code(
        self, packed: PackedArchive, source: IO[bytes], setup: tuple[str, ...], progress: Progress
    ) -> PublishedCode:
        """Publish a packed folder as the next version. Raises KitError, StoreError."""
        series = VersionSeries(self.store, CODE_RECORDS, self.fleet)
        draft = PublishedCode(
            fleet=self.fleet,
            version=series.next_free_number(series.newest(self._public())),
            digest=packed.archive.digest,
            bytes=packed.archive.bytes,
            content=packed.content,
            content_bytes=packed.content_bytes,
            files=packed.files,
            setup=setup,
            at=self.at,
            by=self.by,
        )
        upload(self.store, packed.archive, source, progress)
        done = self._add(series, CODE_RECORDS, draft)
        if not is_stored(self.store, packed.archive):
            # Somebody collected an old version of the very same content meanwhile.
            source.seek(0)
            upload(self.store, packed.archive, source, progress)
        with suppress(StoreError):
            self._delete_old_archives(series, done)
        return done

    def publish_config(self, config: Config) -> PublishedConfig:
        """Publish the settings as the next version. Raises KitError, StoreError."""
        series = VersionSeries(self.store, CONFIG_RECORDS, self.fleet)
        settings = comparable_settings(config)
        draft = PublishedConfig(
            fleet=self.fleet,
            version=series.next_free_number(series.newest(self._public())),
            digest=settings_digest(settings),
            settings=settings,
            at=self.at,
            by=self.by,
        )
        return self._add(series, CONFIG_RECORDS, draft)

    def republish(self, kind: RecordKind[T], newest: T) -> T:
        """Publish the same once more, as the next version, signed by this publisher's key."""
        series = VersionSeries(self.store, kind, self.fleet)
        own = series.newest(self._public())
        last = newest if own is None or own.version < newest.version else own
        fields = {
            "version": series.next_free_number(last),
            "by": self.by,
            "at": self.at,
            "signature": "",
        }
        return self._add(series, kind, replace(newest, **fields))

    def _public(self) -> str:
        from sessionlib.signing import public_of  # noqa: PLC0415 - cryptography loads only here

        return public_of(self.seed)

    def _add(self, series: VersionSeries[T], kind: RecordKind[T], draft: T) -> T:
        value = kind.sign(draft, self.seed)
        try:
            series.add(value)
        except Unknown as error:
            if not _is_ours(series, value):
                raise Unknown(
                    f"version {value.version} may or may not have been published ({error}): "
                    "look again, and publish once more if it wasn't"
                ) from None
        except Conflict:
            if not _is_ours(series, value):
                raise ProgramError(
                    f"somebody else published version {value.version} at the same moment, and "
                    "that one counts: see what it is, then publish again"
                ) from None
        return value

    def _delete_old_archives(
        self, series: VersionSeries[PublishedCode], newest: PublishedCode
    ) -> None:
        numbers = [number for number in series.numbers() if number <= newest.version]
        public = self._public()
        found: list[PublishedCode] = []
        for number in reversed(numbers[-_LOOKED_THROUGH:]):
            # Only what was genuine: a forged record must not name what is to be removed.
            with suppress(RecordUnreadable, SignatureInvalid):
                old = series.read(number)
                if old is not None:
                    CODE_RECORDS.verify(old, public)
                    found.append(old)
        kept = {version.digest for version in found[:ARCHIVES_KEPT]}
        for old in found[ARCHIVES_KEPT:]:
            if old.digest not in kept:
                delete_archive(self.store, old.archive)


def _is_ours(series: VersionSeries[T], value: T) -> bool:
    """Whether the record that stands is ours after all: an answer may have been lost."""
    try:
        return series.read(value.version) == value
    except (StoreError, RecordUnreadable):
        return False
