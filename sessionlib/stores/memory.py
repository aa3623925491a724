"""A store in this process's memory, for tests and simulations: the plainest way to keep the port.

It is deterministic: no randomness, and no clock but the one handed in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from threading import Lock

from sessionlib.clock import Clock
from sessionlib.core.values import Instant
from sessionlib.ports import Conflict, Found, Proof, Version
from sessionlib.stores.keys import check_key, check_prefix


@dataclass(frozen=True, slots=True)
class _Entry:
    data: bytes
    version: Version
    written: Instant


class MemoryStore:
    """Values under keys, in a dict. Safe to share between threads."""

    kind = "memory"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._writes = 0
        self._lock = Lock()

    def read(self, key: str) -> Found | None:
        check_key(key)
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            age_s = self._clock.now().boot - entry.written.boot
            return Found(entry.data, entry.version, max(0.0, age_s))

    def create(self, key: str, data: bytes) -> Version:
        check_key(key)
        with self._lock:
            if key in self._entries:
                raise Conflict(f"{key} exists already")
            return self._write(key, data)

    def replace(self, key: str, data: bytes, expected: Version) -> Version:
        check_key(key)
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or entry.version != expected:
                raise Conflict(f"{key} is no longer at version {expected}")
            return self._write(key, data)

    def list(self, prefix: str) -> list[str]:
        check_prefix(prefix)
        with self._lock:
            return sorted(key for key in self._entries if key.startswith(prefix))

    def put(self, key: str, data: bytes) -> None:
        check_key(key)
        with self._lock:
            self._write(key, data)

    def get(self, key: str) -> bytes | None:
        check_key(key)
        with self._lock:
            entry = self._entries.get(key)
            return None if entry is None else entry.data

    def has(self, key: str) -> int | None:
        data = self.get(key)
        return None if data is None else len(data)

    def proof(self, key: str) -> Proof | None:
        data = self.get(key)
        if data is None:
            return None
        return Proof(len(data), "sha256", hashlib.sha256(data).hexdigest())

    def delete(self, key: str) -> None:
        check_key(key)
        with self._lock:
            self._entries.pop(key, None)

    def _write(self, key: str, data: bytes) -> Version:
        # One count for the whole store: a key that went and came back has a new version.
        self._writes += 1
        version = str(self._writes)
        self._entries[key] = _Entry(data, version, self._clock.now())
        return version
