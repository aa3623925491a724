"""One session's side of checkpoints: copy, fetch, restore, collect."""

# One thread at a time makes all calls but `cancel` and `progress`. While `fetch` and `restore`
# run, nothing else may have the data directory open. `is_cancelled` is asked when a call begins:
# it says whether there was a `cancel` since the call was asked for.

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sessionlib.checkpoints import catalog, garbage, index_file
from sessionlib.checkpoints.compare import matches_manifest
from sessionlib.checkpoints.data_directory import DataDirectory, StemNote, may_continue, next_stems
from sessionlib.checkpoints.errors import (
    CheckpointCancelled,
    CheckpointDamaged,
    CheckpointError,
    CheckpointMissing,
    quote_path,
)
from sessionlib.checkpoints.file_index import Index, with_rest_renewed
from sessionlib.checkpoints.manifest import MAX_AFTER, Manifest
from sessionlib.checkpoints.save.copier import BlobSizes
from sessionlib.checkpoints.save.make import CopySource, make_checkpoint, megabytes
from sessionlib.checkpoints.scan import file_system_time_ns
from sessionlib.checkpoints.store_names import MAX_NUMBER, CheckpointNumber, next_number
from sessionlib.checkpoints.tree_fetch import ShadowTree
from sessionlib.checkpoints.worker_pool import WorkerPool
from sessionlib.clock import Clock
from sessionlib.core.copies import Made
from sessionlib.core.values import Pointer
from sessionlib.ports import Store


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """What the data directory is now.

    `went_on`: it stays what it was, and may hold newer work than the checkpoint.
    `aside` is where something was moved that may exist nowhere else.
    """

    kept_existing: bool
    set_aside_at: Path | None
    moved_bytes: int
    took_s: float
    text: str


def never_cancelled() -> bool:
    """For a call that nobody calls off before it begins."""
    return False


class Checkpoints:
    """Copies `data` to the store and back. `room` is a folder for what it remembers.

    `keep` is how many checkpoints `collect` leaves, at least one.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a session has; the last is for tests
        self,
        store: Store,
        data: Path,
        state_folder: Path,
        clock: Clock,
        keep: int,
        sizes: BlobSizes = BlobSizes(),  # noqa: B008 - frozen
    ) -> None:
        self._store = store
        self._state_folder = state_folder
        self._clock = clock
        self._keep = max(1, keep)
        self._sizes = sizes
        self._directory = DataDirectory(data.absolute())
        self._stop: threading.Event | None = None
        self._progress: str | None = None
        self._newest: Manifest | None = None
        self._last: CheckpointNumber | None = None
        self._blobs_needed: garbage.BlobsByCheckpoint = {}
        self._index = index_file.load(state_folder, self._directory.data)
        self._unsaved_bytes = 0
        self._shadow = ShadowTree(self._directory.shadow)
        self._shadow_at: str | None = None
        self._differs_from: str | None = None

    @property
    def progress(self) -> str | None:
        """What is under way and how far, in words; from any thread."""
        return self._progress

    def cancel(self) -> None:
        """Have a copy, fetch or collection under way end between two pieces; from any thread.

        It raises Cancelled; a collection returns. What isn't under way yet isn't stopped,
        but by what its `called_off` says.
        """
        stop = self._stop
        if stop is not None:
            stop.set()

    def copy(
        self, epoch: int, base: Pointer | None, is_cancelled: Callable[[], bool] = never_cancelled
    ) -> Made | None:
        """Copy the directory; None where there is none. `base` is what the lease points at.

        Files are each whole, and of one moment only if nobody writes meanwhile.
        Raises CheckpointError, StoreError.
        """
        began_mono = self._clock.now().mono
        if base is not None and base.epoch > epoch:
            raise CheckpointError(
                f"a copy under epoch {epoch} can't follow on the checkpoint {base.name}: "
                "somebody else has published since"
            )
        if not self._directory.exists():
            return None
        mark = next_number(
            epoch, None if base is None else CheckpointNumber(base.epoch, base.seq), self._last
        )
        if max(mark) > MAX_NUMBER:
            raise CheckpointError(
                f"no checkpoint can be called {mark.epoch}-{mark.seq}: the lease holds a number "
                "that none of ours can have come to; find out who wrote it"
            )
        self._last = mark
        with self._cancellable(is_cancelled) as stop:
            made = make_checkpoint(
                self._store,
                mark,
                self._source(base),
                stop.is_set,
                self._progress_reporter("copying"),
            )
        self._remember_files(made.index, made.read_bytes)
        self._differs_from = None
        self._newest = made.manifest
        receipt = made.receipt + self._write_stems(epoch, base, made.manifest.name)
        took_s = self._clock.now().mono - began_mono
        return Made(made.manifest.pointer, made.moved_bytes, took_s, receipt)

    def fetch(self, pointer: Pointer, is_cancelled: Callable[[], bool] = never_cancelled) -> None:
        """Bring the shadow up to `pointer`, all of it hashed. Raises CheckpointError, StoreError.

        A data directory that is, file by file, what an older published checkpoint
        holds becomes the shadow, so that only what differs is fetched.
        """
        with self._running_pool(is_cancelled) as crew:
            self._fetch(crew, pointer)

    def restore(self, epoch: int, pointer: Pointer | None) -> RestoreResult:
        """Make the data directory fit for work under `epoch`. Raises CheckpointError, StoreError.

        It goes on with what is there if that was made from `pointer` and nobody
        has claimed in between, or if no agent ever used it and nothing was ever
        published. Else what is there is set aside, and replaced by `pointer`.
        """
        began_mono = self._clock.now().mono
        self._directory.prepare()
        note = StemNote(epoch, (_name(pointer),))
        aside, moved_bytes = None, 0
        goes_on = self._may_go_on(note)
        if goes_on:
            self._directory.write_note(note)
            text = "went on with the data that was there"
        elif pointer is None:
            aside = self._set_aside(epoch)
            self._directory.make_empty(note)
            self._index = {}
            text = "began with an empty data directory"
        else:
            with self._running_pool(can_stop=False) as crew:
                moved_bytes = self._fetch(crew, pointer)
            self._shadow.restore_modes(self._manifest(pointer))
            aside = self._set_aside(epoch)
            self._switch(note)
            self._remember_files(self._index, pointer.bytes)
            moved, whole = megabytes(moved_bytes), megabytes(pointer.bytes)
            text = f"restored {pointer.name}, {moved} MB of {whole} fetched"
        self._differs_from = None
        if aside is not None:
            text = f"{text}; what was there before is in {quote_path(aside)}"
        took_s = self._clock.now().mono - began_mono
        return RestoreResult(goes_on, aside, moved_bytes, took_s, text)

    def collect(
        self,
        pointer: Pointer | None,
        epoch: int = 0,
        is_cancelled: Callable[[], bool] = never_cancelled,
    ) -> int:
        """Remove what isn't needed any more, as the holder whose lease points at `pointer`.

        With the `epoch` that it holds, what was uploaded under earlier ones and never
        published goes too. Returns how many keys went. Raises CheckpointError,
        StoreError.
        """
        if pointer is None:
            return 0
        with self._cancellable(is_cancelled) as stop:
            keys = garbage.find_garbage(self._store, pointer, epoch, self._keep, self._blobs_needed)
            return garbage.remove_keys(self._store, keys, stop.is_set)

    def _write_stems(self, epoch: int, base: Pointer | None, made: str) -> str:
        """Note that `made` was copied from the directory; what to add to its receipt.

        A full disk must not fail a copy that the store has. An older note names fewer
        checkpoints that may be continued from: at worst the next start sets the directory
        aside, whole, and fetches what is published.
        """
        try:
            self._directory.write_note(
                next_stems(self._directory.read_note(), epoch, _name(base), made)
            )
        except CheckpointError as error:
            return f"; not noted here, so that a restart may set the directory aside: {error}"
        return ""

    def _source(self, base: Pointer | None) -> CopySource:
        """What to copy from. A base that can't be read is done without, which mends it."""
        manifest = None
        if base is not None:
            with suppress(CheckpointMissing, CheckpointDamaged):
                manifest = self._manifest(base)
        before = () if manifest is None else manifest.head.after
        after = () if base is None else (base.name, *before)[:MAX_AFTER]
        return CopySource(self._directory.data, self._index, manifest, after, self._sizes)

    def _fetch(self, crew: WorkerPool, pointer: Pointer) -> int:
        self._directory.prepare()
        if self._shadow_at == pointer.name and self._directory.shadow.is_dir():
            return 0
        manifest = self._manifest(pointer)
        self._use_data_as_shadow(manifest)
        self._shadow_at = None
        moved_bytes = self._shadow.update_to(
            manifest, self._store, crew, self._progress_reporter("fetching")
        )
        self._shadow_at = pointer.name
        return moved_bytes

    def _use_data_as_shadow(self, newest: Manifest) -> None:
        """Where the directory is what the store holds anyway, it needn't be kept apart."""
        note = self._directory.read_note()
        if note is None or not note.stems or not self._directory.exists():
            return
        last = note.stems[-1]
        if (
            last is None
            or last == self._differs_from
            or last not in (newest.name, *newest.head.after)
        ):
            return
        self._differs_from = last
        try:
            held = newest if last == newest.name else catalog.read_manifest(self._store, last)
        except (CheckpointMissing, CheckpointDamaged):
            return
        if matches_manifest(self._directory.data, held, self._index):
            self._differs_from = None
            self._directory.turn_data_into_shadow()
            self._shadow = ShadowTree(self._directory.shadow, self._index)
            self._index = {}

    def _switch(self, note: StemNote) -> None:
        """The shadow, brought up to date and dressed, becomes the data directory."""
        now_ns = file_system_time_ns(self._directory.data.parent)
        self._shadow_at = None
        self._directory.turn_shadow_into_data(note)
        self._index = with_rest_renewed(self._shadow.index, now_ns)
        self._shadow = ShadowTree(self._directory.shadow)

    def _remember_files(self, index: Index, read_bytes: int) -> None:
        """What the data directory is known by from now on, and how much was read to know it."""
        self._index = index
        self._unsaved_bytes += read_bytes
        if self._unsaved_bytes >= index_file.SAVE_AFTER_BYTES:
            self._unsaved_bytes = 0
            index_file.save(self._state_folder, self._directory.data, index)

    def _may_go_on(self, wanted: StemNote) -> bool:
        return self._directory.exists() and may_continue(self._directory.read_note(), wanted)

    def _set_aside(self, epoch: int) -> Path | None:
        return self._directory.set_aside(epoch) if self._directory.exists() else None

    def _manifest(self, pointer: Pointer) -> Manifest:
        """What `pointer` points at. One is kept, for a large tree's takes much memory."""
        if self._newest is None or self._newest.pointer != pointer:
            self._newest = None
            self._newest = catalog.read_pointed_manifest(self._store, pointer)
        return self._newest

    @contextmanager
    def _running_pool(
        self, is_cancelled: Callable[[], bool] = never_cancelled, *, can_stop: bool = True
    ) -> Iterator[WorkerPool]:
        with (
            self._cancellable(is_cancelled, can_stop=can_stop) as stop,
            WorkerPool(stop.is_set) as crew,
        ):
            yield crew

    @contextmanager
    def _cancellable(
        self, is_cancelled: Callable[[], bool], *, can_stop: bool = True
    ) -> Iterator[threading.Event]:
        stop = threading.Event()
        self._stop = stop if can_stop else None
        try:
            # Asked last, so that a `cancel` that came too early to be met with `stop` shows.
            if is_cancelled():
                raise CheckpointCancelled("called off before it had begun")
            yield stop
        finally:
            self._stop = None
            self._progress = None

    def _progress_reporter(self, doing: str) -> Callable[[int, int], None]:
        def tell(done: int, of: int) -> None:
            self._progress = f"{doing} {megabytes(done)} of {megabytes(of)} MB"

        self._progress = doing
        return tell


def _name(pointer: Pointer | None) -> str | None:
    return None if pointer is None else pointer.name
