"""What a session is equipped with: its program, the fleet's settings and the fleet's key.

It asks the store for newer ones now and then, and says which settings differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sessionlib.bundles.preparer import ProgramPreparer, WantedProgram
from sessionlib.clock import Clock
from sessionlib.config import Config
from sessionlib.core import events
from sessionlib.core.work import WorkloadSpec
from sessionlib.errors import StoreError
from sessionlib.ports import Store
from sessionlib.signed.doctor_result import read_store_check
from sessionlib.signed.fleet_config import CONFIG_RECORDS, describe_difference
from sessionlib.signed.key_succession import FollowedKey
from sessionlib.signed.records import VersionSeries
from sessionlib.stores import checked_folder_of, timing_of

STORE_CHECK_EVERY_S = 900.0
"""Each reading of doctor's finding costs 5 units on Drive."""
MAX_WARNINGS = 8
"""So many are reported: whoever plants one can plant a thousand."""


class Provisioner:
    """One session's program, configuration and key. The `read_` calls come from one thread,
    `prepare` from another."""

    def __init__(  # noqa: PLR0913 - the parts that one session has
        self,
        *,
        store: Store,
        config: Config,
        home: Path,
        public_key: str | None,
        secrets: Mapping[str, str],
        clock: Clock,
    ) -> None:
        self._store = store
        self._config = config
        self._clock = clock
        self._every_s = timing_of(config).report_s
        self._check_every_s = STORE_CHECK_EVERY_S / config.timings.scale
        self._refreshed_mono = float("-inf")
        self._secrets = dict(secrets)
        self._followed = (
            None if public_key is None else FollowedKey(store, config.fleet, public_key, home)
        )
        self._preparer = ProgramPreparer(store, home, config, self.public_key)
        self._preparer.env = {**config.workload.env, **self._secrets}
        self._wanted: WantedProgram | None = None
        self._settings = VersionSeries(store, CONFIG_RECORDS, config.fleet)
        self._checked_folder = checked_folder_of(config)
        self._checked_mono = float("-inf")
        self.store_check: events.StoreCheckResult | None = None
        """What doctor has found, once it could be read; None where that is no matter."""
        self.config_words: str | None = None
        self.warnings: tuple[str, ...] = ()
        """What the last refresh passed over of what is published, and why."""
        self.on_ready: Callable[[WorkloadSpec], None] = lambda spec: None

    @property
    def public_key(self) -> str | None:
        """The fleet's key by now: one that was changed says itself what comes after it."""
        return None if self._followed is None else self._followed.public

    @property
    def progress(self) -> str | None:
        return self._preparer.progress or None

    @property
    def needs_preparing(self) -> bool:
        """Whether the workload can't simply be started where it is configured."""
        return self._config.workload.code is not None or bool(self._config.workload.setup)

    def spec(self, place: Path | None = None) -> WorkloadSpec:
        """The workload, with its secrets, to be run in `place`."""
        spec = self._config.workload_spec(place)
        return replace(spec, env={**spec.env, **self._secrets})

    def read_published(self) -> str | None:
        """Read what is published, but not more often than reports are due. Returns the program
        that should run, in words. Raises StoreError."""
        now_mono = self._clock.now().mono
        if now_mono - self._refreshed_mono >= self._every_s:
            self._refreshed_mono = now_mono
            self._refresh()
        return None if self._wanted is None else self._wanted.bundle

    def read_store_check(self) -> events.StoreCheckResult | None:
        """Read, now and then, what doctor has found. Raises StoreError."""
        now_mono = self._clock.now().mono
        if (
            self._checked_folder is not None
            and now_mono - self._checked_mono >= self._check_every_s
        ):
            _, why = read_store_check(self._store, self._checked_folder, self.public_key)
            self._checked_mono = now_mono
            self.store_check = events.StoreCheckResult(why)
        return self.store_check

    def _refresh(self) -> None:
        if self._followed is not None:
            self._followed.update()
            self._preparer.public_key = self._followed.public
            published = self._settings.newest(self._followed.public)
            self.config_words = describe_difference(self._config, published)
        if self.needs_preparing:
            self._wanted = self._preparer.wanted_program()
        key = self._followed.refused if self._followed is not None else ""
        found = (key, *self._preparer.refused, *self._settings.refused)
        self.warnings = tuple(text for text in found if text)[:MAX_WARNINGS]

    def prepare(self) -> events.ProgramPrepared:
        """Fetch the program and set it up."""
        want = self._wanted
        try:
            want = want or self._preparer.wanted_program()
            place = self._preparer.prepare(want)
        except Exception as error:  # noqa: BLE001 - a missing answer would be waited for for ever
            return events.ProgramPrepared(
                want.bundle if want else "", str(error) or type(error).__name__
            )
        self._preparer.in_use = place
        self.on_ready(self.spec(place))
        return events.ProgramPrepared(want.bundle)

    def stop(self) -> None:
        """Have a set-up that runs come to its end: its session ends."""
        with suppress(StoreError):
            self._preparer.cancel()
