"""A Drive of one's own, in this process: it serves from when it is made until it is closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from console.emulators.drive.contents.world import DriveContents
from console.emulators.drive.control_api import ControlApi
from console.emulators.drive.faults.rates import Faults
from console.emulators.drive.oauth.pages import SignInPages
from console.emulators.drive.oauth.tokens import DRIVE_SCOPE, TokenIssuer
from console.emulators.drive.request_log import RequestLog, RequestRecord
from console.emulators.drive.router import Router
from console.emulators.drive.service import DriveService
from console.emulators.drive.state_file import StateFile
from console.emulators.drive.wire.server import Server
from sessionlib.clock import Clock, SystemClock


class Emulator:
    """Google Drive v2 and its sign-in at `url`, for the accounts named.

    `faults` and `latency_ms` may be set at any time; `world` is what Drive holds, `units` what
    each account has spent, `requests` what was asked, `defects` what was wrong with it by
    Google's own description. What it holds is kept in the file `state`, where one is named, and
    goes on from there. Raises OSError for a port that is taken, ConfigError for a file that
    holds something else.
    """

    def __init__(  # noqa: PLR0913 - one parameter for each setting
        self,
        accounts: Sequence[str],
        *,
        port: int = 0,
        latency_ms: float = 0.0,
        faults: Mapping[str, float] | None = None,
        seed: int = 0,
        state: Path | None = None,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or SystemClock()
        self.world = DriveContents(clock, accounts)
        self.faults = Faults(faults, seed)
        self.request_log = RequestLog()
        self.grants = TokenIssuer(clock)
        self.pages = SignInPages(self.world, self.grants)
        drive = DriveService(self.world, self.grants, self.faults, self.request_log)
        self._control = ControlApi(
            self.world, self.grants, self.pages, self.faults, self.request_log
        )
        self._keeper = None if state is None else StateFile(state, self.world, self.grants)
        doors = (drive, self.pages, self._control)
        self._front = Router(doors, self.faults, clock, latency_ms / 1000)
        self._server = Server(port, self._front)
        self.url = self._server.url
        self._server.start()

    @property
    def units(self) -> Counter[str]:
        return self.request_log.units

    @property
    def requests(self) -> list[RequestRecord]:
        return list(self.request_log.requests)

    @property
    def defects(self) -> list[str]:
        return self.request_log.defects

    @property
    def latency_ms(self) -> float:
        return self._front.latency_s * 1000

    @latency_ms.setter
    def latency_ms(self, latency_ms: float) -> None:
        self._front.latency_s = latency_ms / 1000

    def refresh_token(self, email: str, scopes: Sequence[str] = (DRIVE_SCOPE,)) -> str:
        """A sign-in without a browser. Raises KeyError for an account that there isn't."""
        return self._control.refresh_token(email, tuple(scopes))

    def close(self) -> None:
        """Hang up on everybody, and write the state for the last time. Raises OSError."""
        self._server.stop()
        if self._keeper is not None:
            self._keeper.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@contextmanager
def running_emulator(
    accounts: Sequence[str],
    *,
    latency_ms: float = 0.0,
    faults: Mapping[str, float] | None = None,
    seed: int = 0,
) -> Iterator[Emulator]:
    """An emulator for as long as the block lasts."""
    with Emulator(accounts, latency_ms=latency_ms, faults=faults, seed=seed) as emulator:
        yield emulator
