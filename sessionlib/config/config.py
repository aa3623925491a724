"""The settings as the program uses them: scaled, with defaults filled in and paths made whole.

`scale` reaches all durations of the program's own, and not the workload's `grace`. Relative
paths are relative to the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Self

from pydantic import PrivateAttr

from sessionlib.config.schema import AccountSettings, Settings, Standby
from sessionlib.config.yaml_document import Where
from sessionlib.core.work import WorkloadSpec
from sessionlib.errors import ConfigError


@dataclass(frozen=True, slots=True)
class ConfigOrigin:
    """The file, and on which line of it each setting stands."""

    path: Path = Path("accounts.yaml")
    lines: dict[Where, int] = field(default_factory=dict)


class Config(Settings):
    """A whole, valid configuration; immutable."""

    _origin: ConfigOrigin = PrivateAttr(default_factory=ConfigOrigin)

    def read_from(self, origin: ConfigOrigin) -> Self:
        """The same settings, knowing their file."""
        copy = self.model_copy()
        copy._origin = origin
        return copy

    @property
    def path(self) -> Path:
        return self._origin.path

    @property
    def folder(self) -> Path:
        """What relative paths are relative to."""
        return self._origin.path.absolute().parent

    def where(self, *where: str) -> str:
        """`accounts.yaml:7`, for messages about a setting."""
        line = self._origin.lines.get(where)
        return f"{self.path}:{line}" if line else str(self.path)

    def account(self, name: str) -> AccountSettings:
        """One account's settings. Raises ConfigError for a name that isn't there."""
        if name in self.accounts:
            return self.accounts[name]
        close = get_close_matches(name, self.accounts, n=1)
        hint = f'did you mean "{close[0]}"?' if close else f"it has {', '.join(self.accounts)}"
        raise ConfigError([f'{self.where("accounts")}: accounts: no account "{name:.40}": {hint}'])

    def by_priority(self) -> list[str]:
        """The accounts' names, first choice first."""
        return sorted(self.accounts, key=lambda name: self.accounts[name].priority)

    def lifetime_s(self, account: str) -> float:
        """How long this account's session lasts, scaled."""
        own_s = self.account(account).session.lifetime_s
        return (own_s or self.session.lifetime_s) / self.timings.scale

    def idle_s(self, account: str) -> float:
        """How long this account's session may go without activity, scaled."""
        own_s = self.account(account).session.idle_s
        return (own_s or self.session.idle_s) / self.timings.scale

    def checkpoint_every_s(self) -> float:
        """The checkpoint interval, scaled."""
        return self.checkpoint.every_s / self.timings.scale

    def code_folder(self) -> Path:
        """Where the program is on this machine: beside the file, unless `code` names a folder."""
        code = self.workload.code
        return self.folder / Path(code).expanduser() if code else self.folder

    def workload_spec(self, place: Path | None = None) -> WorkloadSpec:
        """The workload, its paths made whole; secrets are still to be added to its `env`.

        It works in `place`, a published bundle's folder; else where its code is.
        """
        work = self.workload
        place = place or self.code_folder()
        return WorkloadSpec(
            command=work.command,
            standby="warm" if work.standby is Standby.WARM else "cold",
            ready_http=work.ready.http,
            ready_file=str(place / work.ready.file) if work.ready.file else None,
            grace_s=work.grace_s,
            env=dict(work.env),
            data=work.data,
            cwd=str(place),
        )

    def home(self, account: str) -> Path:
        """Where an account's agent keeps its things, unless it is told another place."""
        return self.folder / "work" / account
