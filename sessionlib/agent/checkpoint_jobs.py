"""The session's data, copied, fetched and restored: each job's outcome is an event.

Whatever goes wrong with data is an answer, and never the end of the agent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from sessionlib.agent.pre_checkpoint_hook import PrepareHook
from sessionlib.bundles.transfer import PreparationCancelled
from sessionlib.checkpoints import CheckpointCancelled, Checkpoints, RestoreResult
from sessionlib.checkpoints.checkpoints import never_cancelled
from sessionlib.checkpoints.store_names import manifest_key
from sessionlib.core import events
from sessionlib.core.actions import CollectGarbage, Copy, FetchAhead, Seal
from sessionlib.core.copies import Made
from sessionlib.core.values import Pointer
from sessionlib.errors import StoreError
from sessionlib.ports import Store


class CheckpointJobs:
    """One session's copies. All calls but `stop`, `new_stop_check` and `progress` come from one
    thread; the first two from one that asks for the others."""

    def __init__(self, checkpoints: Checkpoints, store: Store, prepare: PrepareHook | None) -> None:
        self._checkpoints = checkpoints
        self._store = store
        self._prepare = prepare
        self._stopped = threading.Event()

    @property
    def progress(self) -> str | None:
        """What is under way, in words; from any thread."""
        return self._checkpoints.progress

    def stop(self) -> None:
        """End what is under way soon, to make room for something that can't wait. A job that got
        its `new_stop_check` before this and hasn't begun never will. No restore is stopped."""
        self._stopped.set()
        self._stopped = threading.Event()
        self._checkpoints.cancel()

    def new_stop_check(self) -> Callable[[], bool]:
        """A function that says whether `stop` was called since now: for a job that is asked for
        now and begins once others are done."""
        return self._stopped.is_set

    def copy(
        self, action: Copy, is_cancelled: Callable[[], bool] = never_cancelled
    ) -> events.CopyEnded:
        """A checkpoint of the data while the workload runs."""
        try:
            if self._prepare is not None and not is_cancelled():
                self._prepare(action.epoch, is_cancelled)
            made = self._checkpoints.copy(action.epoch, action.base, is_cancelled)
        except Exception as error:  # noqa: BLE001 - a missing answer would be waited for for ever
            return events.CopyEnded(action.token, None, _why("no checkpoint was made", error))
        return events.CopyEnded(action.token, made)

    def seal(self, action: Seal) -> events.Sealed:
        """The last copy. The workload has stopped."""
        try:
            made = self._checkpoints.copy(action.epoch, action.base)
        except Exception as error:  # noqa: BLE001 - as above
            return events.Sealed(action.token, None, _why("the data couldn't be sealed", error))
        return events.Sealed(action.token, None if made is None else made.pointer)

    def fetch(
        self, action: FetchAhead, is_cancelled: Callable[[], bool] = never_cancelled
    ) -> events.Fetched:
        """A published checkpoint, brought here ahead of its use."""
        name = action.pointer.name
        try:
            self._checkpoints.fetch(action.pointer, is_cancelled)
        except Exception as error:  # noqa: BLE001 - as above
            return events.Fetched(name, _why(f"checkpoint {name} couldn't be fetched", error))
        return events.Fetched(name)

    def restore(self, epoch: int, pointer: Pointer | None) -> events.Restored:
        """The data directory, fit for work under `epoch`."""
        try:
            restored = self._checkpoints.restore(epoch, pointer)
        except Exception as error:  # noqa: BLE001 - as above
            return events.Restored(epoch, _why("the data couldn't be restored", error))
        aside = None if restored.set_aside_at is None else str(restored.set_aside_at)
        if pointer is None:
            return events.Restored(epoch, aside=aside, text=restored.text)
        made = Made(pointer, restored.moved_bytes, 0.0, _receipt(restored))
        return events.Restored(
            epoch, made=made, age_s=self._age_s(pointer), aside=aside, text=restored.text
        )

    def collect(
        self, action: CollectGarbage, is_cancelled: Callable[[], bool] = never_cancelled
    ) -> None:
        """Remove what no checkpoint needs; what can't be removed now is next time."""
        with suppress(Exception):
            self._checkpoints.collect(action.pointer, action.epoch, is_cancelled)

    def _age_s(self, pointer: Pointer) -> float:
        """How old a published checkpoint is, by the store's clock; for display."""
        with suppress(StoreError, OSError):
            found = self._store.read(manifest_key(pointer.name))
            if found is not None:
                return found.age_s
        return 0.0


def _receipt(restored: RestoreResult) -> str:
    return restored.text if restored.kept_existing else "verified here when it was restored"


def _why(what: str, error: Exception) -> str:
    """The reason in words; none where something more urgent came first, which is no trouble."""
    return (
        "" if isinstance(error, CheckpointCancelled | PreparationCancelled) else f"{what}: {error}"
    )
