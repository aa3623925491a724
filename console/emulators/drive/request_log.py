"""What the emulator has been asked, by whom, what it cost, and what was wrong with it."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass, field

MAX_REQUESTS = 100_000


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request. `status` is 0 where no answer went out; `fault` is empty if nothing went
    wrong."""

    email: str
    method: str
    file_id: str
    status: int
    units: int
    fault: str = ""


@dataclass(slots=True)
class RequestLog:
    """All of it. `defects` are requests and answers that Google's description doesn't know."""

    units: Counter[str] = field(default_factory=Counter)
    requests: deque[RequestRecord] = field(default_factory=lambda: deque(maxlen=MAX_REQUESTS))
    methods: Counter[str] = field(default_factory=Counter)
    parameters: set[str] = field(default_factory=set)
    defects: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, noted: RequestRecord, parameters: list[str]) -> None:
        with self._lock:
            self.units[noted.email] += noted.units
            self.methods[noted.method] += 1
            self.parameters.update(f"{noted.method} {name}" for name in parameters)
            self.requests.append(noted)

    def record_defect(self, text: str) -> None:
        self.defects.append(text)

    def clear(self) -> None:
        """Begin to count anew; what was wrong stays."""
        with self._lock:
            self.units.clear()
            self.methods.clear()
            self.requests.clear()
