"""Carrying the workload's data from one session to the next, as one plain copy.

Decided here: a stopped workload's directory becomes one archive in the store,
and a restore is switched in by rename with the old directory set aside. It is
whole or it isn't there. Deliberately simple: it copies everything each time,
holds it in memory while doing so, and keeps the last few copies.
"""

from __future__ import annotations

import io
import json
import os
import secrets
import shutil
import tarfile
from contextlib import suppress
from pathlib import Path

from sessionlib.core.events import Restored, Sealed
from sessionlib.core.values import Pointer
from sessionlib.layout import DATA
from sessionlib.ports import Store

COPIES_KEPT = 3


class Carrier:
    """Seals and restores one data directory."""

    def __init__(self, store: Store, data: Path) -> None:
        self._store = store
        self._data = data
        self._stem = data.with_name(f"{data.name}.stem.json")

    def seal(self, epoch: int, token: str) -> Sealed:
        """Copy the directory to the store. The workload must have stopped."""
        try:
            if not self._data.is_dir():
                return Sealed(token, None)
            body = _packed(self._data)
            name = f"{epoch:08d}-{secrets.token_hex(4)}.tar"
            self._store.put(DATA + name, body)
            if self._store.has(DATA + name) != len(body):
                return Sealed(
                    token, None, "the store does not hold the copy of the data it was given"
                )
        except Exception as error:  # noqa: BLE001 - a missing answer would stop the work for ever
            return Sealed(token, None, f"the data could not be copied to the store: {error}")
        with suppress(OSError):
            # Without the note the directory will be set aside, where it could have gone.
            self._note(name)
        return Sealed(token, Pointer(epoch, 0, name, len(body)))

    def restore(self, epoch: int, pointer: Pointer | None) -> Restored:
        """Make the directory stand at `pointer`; without one it stays as it is."""
        try:
            if pointer is not None:
                self._switch(epoch, pointer)
            self._data.mkdir(parents=True, exist_ok=True)
            self._note(None)
        except Exception as error:  # noqa: BLE001 - there is no list of what bad archives raise
            return Restored(epoch, f"the data could not be restored: {error}")
        return Restored(epoch)

    def collect(self, pointer: Pointer | None) -> None:
        """Remove old copies. Only the holder may, and never what its lease points at."""
        keep = pointer.name if pointer else ""
        old = [key for key in self._store.list(DATA) if key != DATA + keep]
        for key in old[:-COPIES_KEPT]:
            self._store.delete(key)

    def _switch(self, epoch: int, pointer: Pointer) -> None:
        body = self._store.get(DATA + pointer.name)
        if body is None or len(body) != pointer.bytes:
            raise FileNotFoundError(f"the copy {pointer.name} is missing from the store, or torn")
        fresh = self._data.with_name(f".{self._data.name}.{secrets.token_hex(4)}")
        fresh.mkdir(parents=True)
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:") as archive:
            archive.extractall(fresh, filter="data")
        if self._data.exists():
            self._set_aside(epoch)
        fresh.rename(self._data)

    def _set_aside(self, epoch: int) -> None:
        """What this directory holds may exist nowhere else, unless its last seal says so."""
        if self._sealed_as() is not None or not any(self._data.iterdir()):
            shutil.rmtree(self._data)
            return
        name = f"{self._data.name}.aside-{epoch}-{secrets.token_hex(2)}"
        self._data.rename(self._data.with_name(name))

    def _note(self, sealed: str | None) -> None:
        """Remember whether the directory is, to the byte, a copy that the store holds."""
        draft = self._stem.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps({"sealed": sealed}))
        draft.replace(self._stem)

    def _sealed_as(self) -> str | None:
        try:
            name = json.loads(self._stem.read_bytes())["sealed"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return name if isinstance(name, str) and self._store.has(DATA + name) else None


def _packed(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(folder, arcname=".")
    return buffer.getvalue()
