"""One session's side of checkpoints: copy, fetch, restore, collect.

Decided here: the order of things, and what a directory may be used for. All
calls but `cancel` and `progress` are made from one thread at a time, and while
`fetch` and `restore` run nothing else may have the data directory open.

`called_off` is asked when a call begins: it says whether there was a `cancel`
since the call was asked for, and then Cancelled is raised.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sessionlib.checkpoints import catalog, garbage, remembering
from sessionlib.checkpoints.compare import is_exactly
from sessionlib.checkpoints.crew import Crew
from sessionlib.checkpoints.data_directory import Note, Place, may_go_on, stems_after
from sessionlib.checkpoints.errors import Cancelled, CheckpointError, Damaged, Missing, shown
from sessionlib.checkpoints.index import Index, rested
from sessionlib.checkpoints.manifest import MAX_AFTER, Manifest
from sessionlib.checkpoints.names import MAX_NUMBER, Mark, next_mark
from sessionlib.checkpoints.save.copying import Sizes
from sessionlib.checkpoints.save.make import Source, make, megabytes
from sessionlib.checkpoints.scan import time_there_ns
from sessionlib.checkpoints.tree import Tree
from sessionlib.clock import Clock
from sessionlib.core.values import Pointer
from sessionlib.ports import Store


@dataclass(frozen=True, slots=True)
class Made:
    """A copy that is whole in the store, and counts once the lease points at it.

    `moved_bytes` were uploaded for it; `receipt` says what the store has confirmed.
    """

    pointer: Pointer
    moved_bytes: int
    took_s: float
    receipt: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What the data directory is now.

    `went_on`: it stays what it was, and may hold newer work than the checkpoint.
    `aside` is where something was moved that may exist nowhere else.
    """

    went_on: bool
    aside: Path | None
    moved_bytes: int
    took_s: float
    text: str


def never() -> bool:
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
        room: Path,
        clock: Clock,
        keep: int,
        sizes: Sizes = Sizes(),  # noqa: B008 - frozen
    ) -> None:
        self._store = store
        self._room = room
        self._clock = clock
        self._keep = max(1, keep)
        self._sizes = sizes
        self._place = Place(data.absolute())
        self._stop: threading.Event | None = None
        self._progress: str | None = None
        self._newest: Manifest | None = None
        self._last: Mark | None = None
        self._needs: garbage.Needs = {}
        self._index = remembering.load(room, self._place.data)
        self._unsaved_bytes = 0
        self._shadow = Tree(self._place.shadow)
        self._shadow_at: str | None = None
        self._differs: str | None = None

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
        self, epoch: int, base: Pointer | None, called_off: Callable[[], bool] = never
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
        if not self._place.is_there():
            return None
        mark = next_mark(epoch, None if base is None else Mark(base.epoch, base.seq), self._last)
        if max(mark) > MAX_NUMBER:
            raise CheckpointError(
                f"no checkpoint can be called {mark.epoch}-{mark.seq}: the lease holds a number "
                "that none of ours can have come to; find out who wrote it"
            )
        self._last = mark
        with self._stoppable(called_off) as stop:
            made = make(
                self._store, mark, self._source(base), stop.is_set, self._telling("copying")
            )
        self._know(made.index, made.read_bytes)
        self._differs = None
        self._newest = made.manifest
        receipt = made.receipt + self._note_stems(epoch, base, made.manifest.name)
        took_s = self._clock.now().mono - began_mono
        return Made(made.manifest.pointer, made.moved_bytes, took_s, receipt)

    def fetch(self, pointer: Pointer, called_off: Callable[[], bool] = never) -> None:
        """Bring the shadow up to `pointer`, all of it hashed. Raises CheckpointError, StoreError.

        A data directory that is, file by file, what an older published checkpoint
        holds becomes the shadow, so that only what differs is fetched.
        """
        with self._under_way(called_off) as crew:
            self._fetch(crew, pointer)

    def restore(self, epoch: int, pointer: Pointer | None) -> Restored:
        """Make the data directory fit for work under `epoch`. Raises CheckpointError, StoreError.

        It goes on with what is there if that was made from `pointer` and nobody
        has claimed in between, or if no agent ever used it and nothing was ever
        published. Else what is there is set aside, and replaced by `pointer`.
        """
        began_mono = self._clock.now().mono
        self._place.prepare()
        note = Note(epoch, (_name(pointer),))
        aside, moved_bytes = None, 0
        goes_on = self._may_go_on(note)
        if goes_on:
            self._place.write_note(note)
            text = "went on with the data that was there"
        elif pointer is None:
            aside = self._set_aside(epoch)
            self._place.make_empty(note)
            self._index = {}
            text = "began with an empty data directory"
        else:
            with self._under_way(can_stop=False) as crew:
                moved_bytes = self._fetch(crew, pointer)
            self._shadow.dress(self._manifest(pointer))
            aside = self._set_aside(epoch)
            self._switch(note)
            self._know(self._index, pointer.bytes)
            moved, whole = megabytes(moved_bytes), megabytes(pointer.bytes)
            text = f"restored {pointer.name}, {moved} MB of {whole} fetched"
        self._differs = None
        if aside is not None:
            text = f"{text}; what was there before is in {shown(aside)}"
        took_s = self._clock.now().mono - began_mono
        return Restored(goes_on, aside, moved_bytes, took_s, text)

    def collect(
        self, pointer: Pointer | None, epoch: int = 0, called_off: Callable[[], bool] = never
    ) -> int:
        """Remove what isn't needed any more, as the holder whose lease points at `pointer`.

        With the `epoch` that it holds, what was uploaded under earlier ones and never
        published goes too. Returns how many keys went. Raises CheckpointError,
        StoreError.
        """
        if pointer is None:
            return 0
        with self._stoppable(called_off) as stop:
            keys = garbage.garbage(self._store, pointer, epoch, self._keep, self._needs)
            return garbage.remove(self._store, keys, stop.is_set)

    def _note_stems(self, epoch: int, base: Pointer | None, made: str) -> str:
        """Note that `made` was copied from the directory; what to add to its receipt.

        A full disk must not fail a copy that the store has. An older note names fewer
        checkpoints that may be continued from: at worst the next start sets the directory
        aside, whole, and fetches what is published.
        """
        try:
            self._place.write_note(stems_after(self._place.note(), epoch, _name(base), made))
        except CheckpointError as error:
            return f"; not noted here, so that a restart may set the directory aside: {error}"
        return ""

    def _source(self, base: Pointer | None) -> Source:
        """What to copy from. A base that can't be read is done without, which mends it."""
        manifest = None
        if base is not None:
            with suppress(Missing, Damaged):
                manifest = self._manifest(base)
        before = () if manifest is None else manifest.head.after
        after = () if base is None else (base.name, *before)[:MAX_AFTER]
        return Source(self._place.data, self._index, manifest, after, self._sizes)

    def _fetch(self, crew: Crew, pointer: Pointer) -> int:
        self._place.prepare()
        if self._shadow_at == pointer.name and self._place.shadow.is_dir():
            return 0
        manifest = self._manifest(pointer)
        self._use_data_as_shadow(manifest)
        self._shadow_at = None
        moved_bytes = self._shadow.bring_to(manifest, self._store, crew, self._telling("fetching"))
        self._shadow_at = pointer.name
        return moved_bytes

    def _use_data_as_shadow(self, newest: Manifest) -> None:
        """Where the directory is what the store holds anyway, it needn't be kept apart."""
        note = self._place.note()
        if note is None or not note.stems or not self._place.is_there():
            return
        last = note.stems[-1]
        if last is None or last == self._differs or last not in (newest.name, *newest.head.after):
            return
        self._differs = last
        try:
            held = newest if last == newest.name else catalog.read_manifest(self._store, last)
        except (Missing, Damaged):
            return
        if is_exactly(self._place.data, held, self._index):
            self._differs = None
            self._place.data_becomes_shadow()
            self._shadow = Tree(self._place.shadow, self._index)
            self._index = {}

    def _switch(self, note: Note) -> None:
        """The shadow, brought up to date and dressed, becomes the data directory."""
        now_ns = time_there_ns(self._place.data.parent)
        self._shadow_at = None
        self._place.shadow_becomes_data(note)
        self._index = rested(self._shadow.index, now_ns)
        self._shadow = Tree(self._place.shadow)

    def _know(self, index: Index, read_bytes: int) -> None:
        """What the data directory is known by from now on, and how much was read to know it."""
        self._index = index
        self._unsaved_bytes += read_bytes
        if self._unsaved_bytes >= remembering.WORTH_BYTES:
            self._unsaved_bytes = 0
            remembering.save(self._room, self._place.data, index)

    def _may_go_on(self, wanted: Note) -> bool:
        return self._place.is_there() and may_go_on(self._place.note(), wanted)

    def _set_aside(self, epoch: int) -> Path | None:
        return self._place.set_aside(epoch) if self._place.is_there() else None

    def _manifest(self, pointer: Pointer) -> Manifest:
        """What `pointer` points at. One is kept, for a large tree's takes much memory."""
        if self._newest is None or self._newest.pointer != pointer:
            self._newest = None
            self._newest = catalog.pointed_at(self._store, pointer)
        return self._newest

    @contextmanager
    def _under_way(
        self, called_off: Callable[[], bool] = never, *, can_stop: bool = True
    ) -> Iterator[Crew]:
        with self._stoppable(called_off, can_stop=can_stop) as stop, Crew(stop.is_set) as crew:
            yield crew

    @contextmanager
    def _stoppable(
        self, called_off: Callable[[], bool], *, can_stop: bool = True
    ) -> Iterator[threading.Event]:
        stop = threading.Event()
        self._stop = stop if can_stop else None
        try:
            # Asked last, so that a `cancel` that came too early to be met with `stop` shows.
            if called_off():
                raise Cancelled("called off before it had begun")
            yield stop
        finally:
            self._stop = None
            self._progress = None

    def _telling(self, doing: str) -> Callable[[int, int], None]:
        def tell(done: int, of: int) -> None:
            self._progress = f"{doing} {megabytes(done)} of {megabytes(of)} MB"

        self._progress = doing
        return tell


def _name(pointer: Pointer | None) -> str | None:
    return None if pointer is None else pointer.name
