"""Sessions as processes of this machine: an ordinary agent, detached."""

# A start is known by four things, each of which outlives a crash at any moment: the handle on
# disk, the nonce in the agent's environment, the lock that the agent inherits, and the mark that
# its guard and workload are born with. A session has ended only when agent, guard and workload
# are all gone.

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import sessionlib
from sessionlib.clock import Clock, sleep
from sessionlib.config import Config
from sessionlib.coordinator import TOKEN_VARIABLE
from sessionlib.guard.sweep import HOME_MARKER, home_mark, marked, sweep
from sessionlib.guard.tree import DEAD, Proc, read_proc, send
from sessionlib.launchers import LaunchHandle, LaunchRefused, LaunchState, LaunchStatus
from sessionlib.launchers.handles import (
    last_agent,
    load_handle,
    save_handle,
    session_in,
    this_machine,
)
from sessionlib.launchers.locks import LAUNCH_LOCK, is_taken, locked
from sessionlib.layout import AGENT_LOCK
from sessionlib.stores import timing_of

LAUNCH_MARKER = "COLABVPS_LAUNCH"
_SECRETS = ("COLABVPS_FLEET_KEY", TOKEN_VARIABLE)
"""How the names of the variables begin that hold what is the operators' alone: their seeds, and
the token that the coordinator knows them by."""
OUTPUT = "output.log"
_LOOKS = 2
"""One look at the processes is no photograph: one that forks and ends while they are read can
slip through. What is gone in two looks, its guard with it, has nobody left to be born of."""
_PAUSE_S = 0.02


class LocalLauncher:
    """Starts agents of one fleet on this machine, each in its account's home.

    With `until_eof` they end when this process does, however it does. `also` gives what else an
    account's agent has in its environment.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        *,
        until_eof: bool = False,
        extra_env: Callable[[str], Mapping[str, str]] = lambda account: {},
    ) -> None:
        self._config = config
        self._clock = clock
        self._until_eof = until_eof
        self._also = extra_env
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, account: str) -> LaunchHandle:
        """Start the account's agent; it is running, if only just, when this returns.

        Raises LaunchRefused where an agent runs in its home, or where none can be started.
        """
        self._config.account(account)
        if self._config.fleet_key is None:
            raise LaunchRefused(
                f"{self._config.path} has no fleet_key, without which an agent obeys no order: "
                "`colabvps-console init` writes it"
            )
        home = self._config.home(account)
        try:
            (home / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
            with locked(home / LAUNCH_LOCK, self._clock) as lock:
                if lock is None or is_taken(home / AGENT_LOCK):
                    raise LaunchRefused(_in_use(home, account))
                handle = LaunchHandle(account, str(home), os.urandom(8).hex(), this_machine())
                save_handle(handle)
                return self._spawn(handle, lock)
        except OSError as error:
            what = error.filename or sys.executable
            raise LaunchRefused(f"{account} can't be started: {what}: {error.strerror}") from None

    def _spawn(self, handle: LaunchHandle, lock: int) -> LaunchHandle:
        with (Path(handle.home) / "logs" / OUTPUT).open("ab") as log:
            child = subprocess.Popen(
                self._command(handle.account),
                # A pipe is never written to: it closes when this process ends, however it does.
                stdin=subprocess.PIPE if self._until_eof else subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._config.folder,
                env={**_environment(handle.nonce), **self._also(handle.account)},
                pass_fds=[lock],
                # Ctrl-C at a terminal, and its end, reach only who has started this.
                start_new_session=True,
            )
        self._children[handle.nonce] = child
        proc = read_proc(child.pid)
        started = replace(handle, pid=child.pid, start=proc.start if proc else None)
        save_handle(started)
        return started

    def _command(self, account: str) -> list[str]:
        config = str(self._config.path.absolute())
        words = ["agent", "--config", config, "--account", account]
        # -P: no file beside the configuration can take the place of one of ours.
        program = [sys.executable, "-P", "-m", "sessionlib"]
        return [*program, *words, *(["--until-eof"] if self._until_eof else [])]

    def known(self, account: str) -> LaunchHandle | None:
        """The last start of this account from this machine's console; None without one."""
        return load_handle(self._config.home(account), account)

    def child(self, handle: LaunchHandle) -> subprocess.Popen[bytes]:
        """The agent, where this very object has started it."""
        return self._children[handle.nonce]

    def status(self, handle: LaunchHandle) -> LaunchStatus:
        """Whether anything of it is left on this machine. Never raises."""
        self._reap(handle)
        if handle.machine is None or handle.machine != this_machine():
            how = "it was started on another machine, or before this one was started anew"
            return LaunchStatus(LaunchState.UNKNOWN, how)
        try:
            for _ in range(_LOOKS):
                found = self._left(handle)
                if found is not None:
                    return found
        except OSError as error:
            return LaunchStatus(
                LaunchState.UNKNOWN, f"this machine can't be searched: {error.strerror}"
            )
        return self._ended(handle)

    def _left(self, handle: LaunchHandle) -> LaunchStatus | None:
        """What one look finds of it."""
        home = Path(handle.home)
        agent = _agent(handle)
        if agent is not None:
            since_s = self._age_s(agent)
            session = session_in(home, agent.pid)
            return LaunchStatus(
                LaunchState.RUNNING,
                f"its agent, process {agent.pid}, runs",
                since_s,
                agent.pid,
                session,
            )
        for proc in marked(HOME_MARKER, home_mark(home)):
            how = (
                f"its agent is gone, but process {proc.pid} of its guard or workload is still there"
            )
            return LaunchStatus(
                LaunchState.RUNNING, how, None, proc.pid, session_in(home, handle.pid)
            )
        if is_taken(home / AGENT_LOCK):
            pid = last_agent(home)
            return LaunchStatus(
                LaunchState.RUNNING, f"another agent, process {pid}, runs in its home", pid=pid
            )
        if is_taken(home / LAUNCH_LOCK):
            return LaunchStatus(LaunchState.UNKNOWN, "it is being started at this moment")
        return None

    def _ended(self, handle: LaunchHandle) -> LaunchStatus:
        home = Path(handle.home)
        if handle.pid is None:
            return LaunchStatus(
                LaunchState.ENDED, "its start was broken off, and no process came of it"
            )
        how = f"its agent, process {handle.pid}, is gone, and so are its guard and its workload"
        session = session_in(home, handle.pid)
        return LaunchStatus(LaunchState.ENDED, how, self._silent_s(home), handle.pid, session)

    def stop(self, handle: LaunchHandle) -> LaunchStatus:
        """SIGTERM, then what the agent needs to seal and give up, then SIGKILL for what is left.

        Does nothing to an agent that was started in the same home by somebody else.
        """
        (status,) = self.stop_all([handle], self.patience_s)
        return status

    @property
    def patience_s(self) -> float:
        """How long an agent that was told to end may take: to stop the work, to copy the data
        and to give the lease up, each of which it tries for as long as its own settings say."""
        timing = timing_of(self._config)
        lead_s = timing.renew_s + 2 * timing.timeout_s + timing.margin_s
        return 2 * self._config.workload_spec().grace_s + lead_s

    def stop_all(self, handles: Sequence[LaunchHandle], patience_s: float) -> list[LaunchStatus]:
        """Stop several at once, which together may take `patience_s`."""
        machine = this_machine()
        here = [handle for handle in handles if machine and handle.machine == machine]
        for agent in _agents(here):
            send(agent, signal.SIGTERM)
            # One that is stopped would hear of it only when somebody lets it go on.
            send(agent, signal.SIGCONT)
        until_mono = self._clock.now().mono + patience_s
        while _agents(here) and self._clock.now().mono < until_mono:
            sleep(_PAUSE_S)
        for agent in _agents(here):
            send(agent, signal.SIGKILL)
        for handle in here:
            self._clear(handle)
        return [self.status(handle) for handle in handles]

    def _clear(self, handle: LaunchHandle) -> None:
        sweep(LAUNCH_MARKER, handle.nonce, patience_s=0)
        self._reap(handle)
        home = Path(handle.home)
        with suppress(OSError):
            if not is_taken(home / AGENT_LOCK):
                # Nobody ends a guard that was stopped when its agent was killed.
                sweep(HOME_MARKER, home_mark(home), patience_s=0)

    def _reap(self, handle: LaunchHandle) -> None:
        child = self._children.get(handle.nonce)
        if child is not None:
            child.poll()

    def _age_s(self, agent: Proc) -> float:
        return max(0.0, self._clock.now().boot - agent.start / os.sysconf("SC_CLK_TCK"))

    def _silent_s(self, home: Path) -> float | None:
        """How long ago anything of it wrote to its logs."""
        with suppress(OSError):
            written = [path.stat().st_mtime for path in (home / "logs").iterdir()]
            if written:
                return max(0.0, self._clock.now().wall - max(written))
        return None


def _agent(handle: LaunchHandle) -> Proc | None:
    """The living agent of a start: by its number, or by its mark where that isn't known."""
    if handle.pid is not None:
        proc = read_proc(handle.pid)
        if proc is not None and proc.start == handle.start and proc.state not in DEAD:
            return proc
    return next(iter(marked(LAUNCH_MARKER, handle.nonce)), None)


def _agents(handles: Iterable[LaunchHandle]) -> list[Proc]:
    with suppress(OSError):
        return [agent for agent in map(_agent, handles) if agent is not None]
    return []


def _in_use(home: Path, account: str) -> str:
    return (
        f"an agent of {account} runs already on this machine (process {last_agent(home)}, "
        f"in {home}): `colabvps-console stop {account}` ends it"
    )


def _environment(nonce: str) -> dict[str, str]:
    """Our own environment, but for the operators' secrets: of the fleet's key an agent needs only
    the public half, and it speaks to the coordinator with its account's own token."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_SECRETS)}
    root = Path(sessionlib.__file__).parents[1]
    if root.name not in {"site-packages", "dist-packages"}:
        # A source tree that is run where it lies.
        paths = [str(root), inherited.get("PYTHONPATH", "")]
        inherited["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return {**inherited, LAUNCH_MARKER: nonce}
