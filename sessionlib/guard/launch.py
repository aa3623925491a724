"""From the reaper to the user's program: fork, prepare, exec.

A workload is born with a session of its own, the parent-death signal, its log as output, default
signals, and nothing else. Why it couldn't be started comes back in words.
"""

from __future__ import annotations

import os
import signal

from sessionlib.guard import linux
from sessionlib.guard.wire import Spawn

_REASON_BYTES = 4096


def fork_exec(spawn: Spawn, parent: int) -> tuple[int, int]:
    """Start `spawn` as a child of `parent`, this process. Returns the child's number and a
    descriptor that reads as the reason of failure, or as nothing once the program runs.
    Raises OSError where no process can be made; nothing is changed then."""
    read_fd, write_fd = os.pipe()
    # A signal handled by our handlers before they are reset would be lost to the workload.
    unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
    except OSError:
        # The next one is born with the mask that stands then: it would be deaf for good.
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
        os.close(read_fd)
        os.close(write_fd)
        raise
    if pid == 0:
        try:
            _become(spawn, parent, unblocked)
        except (OSError, ValueError) as error:
            os.write(write_fd, _reason(spawn, error).encode(errors="replace")[:_REASON_BYTES])
        finally:
            os._exit(127)
    signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
    os.close(write_fd)
    os.set_blocking(read_fd, False)
    return pid, read_fd


def read_reason(result_fd: int) -> str | None:
    """What the child said: a reason, "" if its program runs, None if it hasn't said yet."""
    try:
        return os.read(result_fd, _REASON_BYTES).decode(errors="replace")
    except BlockingIOError:
        return None


def _become(spawn: Spawn, parent: int, unblocked: set[int]) -> None:
    os.setsid()
    linux.die_with_parent()
    if os.getppid() != parent:
        # The parent ended before the signal was asked for; its death signal won't come.
        os._exit(127)
    for signum in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        # Ignored signals would stay ignored across the exec.
        signal.signal(signum, signal.SIG_DFL)
    log = os.open(spawn.log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(spawn.cwd)
    signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
    os.execvpe(spawn.argv[0], spawn.argv, dict(spawn.env))  # noqa: S606 - the user's own program, no shell wanted


def _reason(spawn: Spawn, error: OSError | ValueError) -> str:
    name = spawn.argv[0]
    if isinstance(error, ValueError):
        return f"can't start {name!r}: {error}"
    if error.filename in {spawn.cwd, spawn.log_path}:
        return f"can't start {name!r}: {error.filename}: {error.strerror}"
    if isinstance(error, FileNotFoundError):
        where = "there is no such file" if "/" in name else "not found on PATH"
        return f"can't start {name!r}: {where}, or the interpreter it names is missing"
    return f"can't start {name!r}: {error.strerror}"
