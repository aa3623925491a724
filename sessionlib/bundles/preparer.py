"""What an agent runs in: the published bundle, or the folder that its file names."""

# With `workload.code` the newest genuine version in the store counts. The folder counts only
# while nothing was ever published. Without `code` the workload works in the file's own folder.
# No agent goes back to an older version than one that it has seen.
#
# `newest_published` and `wanted_program` read the store, and `prepare` takes long: each belongs
# into a lane. `progress` and `cancel` may be used from any thread.

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sessionlib.bundles.cache import BundleCache
from sessionlib.bundles.newest_version import NewestVersionFile
from sessionlib.bundles.records import CODE_RECORDS, MIB, PublishedCode
from sessionlib.bundles.setup import SetupJob, SetupRunner, is_done, mark_done
from sessionlib.bundles.transfer import PreparationCancelled, download
from sessionlib.config import Config
from sessionlib.errors import ProgramError
from sessionlib.ports import Store
from sessionlib.signed.records import VersionSeries

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class WantedProgram:
    """What to run in. `bundle` is the word for reports: `v3 1a2b3c4d`, or `local`."""

    bundle: str
    published: PublishedCode | None = None


class ProgramPreparer:
    """Gets the program ready in one home.

    `public_key` may be replaced when the fleet's key changes. `in_use` is the folder
    that a running workload works in, and is never removed. `env` is what set-up gets
    beside the agent's own environment, for the caller to replace by the workload's
    with its secrets. `refused` says what the last look passed over, and why.
    """

    def __init__(
        self,
        store: Store,
        home: Path,
        config: Config,
        public_key: str | None,
        setup: SetupRunner | None = None,
    ) -> None:
        self.public_key = public_key
        self.env: Mapping[str, str] = config.workload.env
        self.in_use: Path | None = None
        self.refused: tuple[str, ...] = ()
        self._config = config
        self._store = store
        self._series = VersionSeries(store, CODE_RECORDS, config.fleet)
        code = home.absolute() / "code"
        self._newest_seen = NewestVersionFile(code / "seen.json")
        self._cache = BundleCache(code)
        self._setup = setup or SetupRunner(home)
        self._cancelled = threading.Event()
        self._activity = ""

    @property
    def progress(self) -> str:
        """What `prepare` is at, in words; empty while it isn't running."""
        doing = self._activity
        if doing != _SETTING_UP:
            return doing
        last = self._setup.last_line()
        return f"{doing}: {last}" if last else doing

    def cancel(self) -> None:
        """Have the `prepare` that runs come to its end soon, with Cancelled; the next, if none
        does, so that one that is only about to begin doesn't miss it."""
        self._cancelled.set()

    def newest_published(self) -> PublishedCode | None:
        """The version to run: the newest genuine one, in the store or seen there before.
        Raises StoreError."""
        found = None if self.public_key is None else self._series.newest(self.public_key)
        reasons = list(self._series.refused)
        if self.public_key is None and self._series.numbers():
            reasons.append("code is published, but this agent has no fleet_key: run `init`")
        known = self._newest_seen.recall(self._config.fleet)
        if known is not None and (found is None or found.version < known.version):
            stands = "none" if found is None else f"only v{found.version}"
            reasons.append(f"the store shows {stands} of the code, and v{known.version} was seen")
            found = known
        elif found is not None and found != known:
            self._newest_seen.remember(found)
        self.refused = tuple(reasons)
        return found

    def wanted_program(self) -> WantedProgram:
        """What to run in, by now. Raises StoreError."""
        if self._config.workload.code is None:
            self.refused = ()
            return WantedProgram(LOCAL)
        published = self.newest_published()
        return (
            WantedProgram(LOCAL) if published is None else WantedProgram(published.label, published)
        )

    def prepare(self, want: WantedProgram) -> Path:
        """Have it here and set up; the folder to work in. What is there already isn't done
        again. Raises KitError (Cancelled after `cancel`), StoreError."""
        try:
            place = self._ensure_present(want)
            self._set_up(want, place)
            self._cache.tidy([] if self.in_use is None else [self.in_use])
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise ProgramError(f"the code can't be made ready: {where}{error.strerror}") from None
        finally:
            self._activity = ""
            self._cancelled.clear()
        return place

    def _setup_of(self, want: WantedProgram) -> tuple[Path, Path, tuple[str, ...]]:
        """The folder, the marker of its set-up, and the command."""
        if want.published is not None:
            place = self._cache.path_of(want.published)
            return place, self._cache.marker(place.name), want.published.setup
        place = self._config.code_folder()
        name = f"local-{hashlib.sha256(str(place).encode()).hexdigest()[:16]}"
        return place, self._cache.marker(name), self._config.workload.setup or ()

    def _ensure_present(self, want: WantedProgram) -> Path:
        published = want.published
        if published is not None:
            self._activity = "fetching code"
            return self._cache.add(published, lambda into: self._fetch(published, into))
        place, _, _ = self._setup_of(want)
        if not place.is_dir():
            raise ProgramError(
                f"{self._config.where('workload', 'code')}: {place} is not there, and nothing is "
                "published: run `colabvps-console publish` where the program is"
            )
        return place

    def _fetch(self, published: PublishedCode, into: IO[bytes]) -> None:
        def told(done: int, total: int) -> None:
            self._activity = f"fetching code {_megabytes(done)} of {_megabytes(total)} MB"

        download(self._store, published.archive, into, told, self._cancelled.is_set)
        self._activity = "unpacking code"

    def _set_up(self, want: WantedProgram, place: Path) -> None:
        _, marker, argv = self._setup_of(want)
        if self._cancelled.is_set():
            raise PreparationCancelled("making the code ready was called off")
        if not argv or is_done(marker, argv):
            return
        self._activity = _SETTING_UP
        job = SetupJob(argv, place, dict(self.env), f"set-up of {want.bundle}")
        self._setup.run(job, self._cancelled.is_set)
        marker.parent.mkdir(parents=True, exist_ok=True)
        mark_done(marker, argv)


_SETTING_UP = "setting up"


def _megabytes(count: int) -> str:
    return f"{count / MIB:.1f}" if count < 10 * MIB else f"{count / MIB:.0f}"
