"""Goal: what a checkpoint of 2 GB costs, beside two programs that copy folders for a living.

Method: one tree of 200 files of random bytes. It is copied whole, again after a
few bytes of 20 files have changed, and restored: by a session's checkpoints on
a folder store, by `rclone sync`, and by `restic` without compression, in turn and
on the same disk, which is brought to rest before each. Ours runs in processes of
its own, so that its peak memory can be told. Besides: a seal after which nothing
has changed. Progress goes to standard error; the last line, on standard output,
is one JSON document. It judges nothing: a busy machine is slow, and not broken.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sessionlib.clock import SystemClock

PROGRAMS = {"rclone": "rclone", "restic": "restic"}
"""Each program and Debian's package of it."""
CHANGED_FILES = 20
BLOCK_BYTES = 1024 * 1024
TARGET_PEAK_MB = 200
ROOM_TIMES = 6
"""How many times the tree must fit onto the disk."""


def main() -> int:
    options = _options()
    missing = [package for name, package in PROGRAMS.items() if shutil.which(name) is None]
    if missing:
        _tell(f"needs what isn't installed here: apt-get install {' '.join(missing)}")
        return 1
    free_mb = shutil.disk_usage(options.dir).free / 1e6
    if free_mb < ROOM_TIMES * options.mb:
        _tell(f"needs {ROOM_TIMES * options.mb} MB in {options.dir}, and {free_mb:.0f} are free")
        return 1
    with tempfile.TemporaryDirectory(prefix="colabvps-bench-", dir=options.dir) as name:
        figures = _measured(Path(name), options.mb, options.files)
    print(json.dumps(figures), flush=True)  # noqa: T201 - the result
    return 0


def _measured(folder: Path, size_mb: int, files: int) -> dict[str, Any]:
    source = folder / "here" / "data"
    _tell(f"making {files} files, {size_mb} MB in all")
    _make(source, size_mb * 1_000_000 // files, files)
    ours = _Ours(folder)
    rclone = lambda: _run("rclone", "sync", source, folder / "rclone")  # noqa: E731 - one of three
    restic = _Restic(folder, source)
    backup = {"ours": ours.copy, "rclone": rclone, "restic": restic.backup}
    first = _times("first copy", backup)
    seal_s = _took("seal, nothing changed", ours.copy)
    _change(source)
    again = _times("again", backup)
    ours.end()
    back = {
        "ours": ours.restore,
        "rclone": lambda: _run("rclone", "sync", folder / "rclone", folder / "back"),
        "restic": restic.restore,
    }
    restored = _times("restore", back)
    _check_same(source, folder / "there" / "data")
    return {
        "tree": {"mb": size_mb, "files": files, "changed_files": CHANGED_FILES},
        "first": first,
        "again": again,
        "restore": restored,
        "seal_unchanged_s": seal_s,
        "peak_mb": {"copies": ours.peak_mb["copies"], "restore": ours.peak_mb["restore"]},
        "target_peak_mb": TARGET_PEAK_MB,
    }


class _Ours:
    """A session's checkpoints, each side in a process that is told what to do line by line."""

    def __init__(self, folder: Path) -> None:
        self.peak_mb: dict[str, float] = {}
        self._folder = folder
        self._here = self._start("here")
        self._last = "null"

    def copy(self) -> None:
        self._last = self._ask(self._here, f"copy {self._last}")

    def restore(self) -> None:
        there = self._start("there")
        self._ask(there, f"restore {self._last}")
        self.peak_mb["restore"] = self._peak_mb(there)

    def end(self) -> None:
        self.peak_mb["copies"] = self._peak_mb(self._here)

    def _start(self, side: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "tests.bench.checkpoint_side", str(self._folder), side]
        return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def _ask(self, process: subprocess.Popen[str], line: str) -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
        answer = process.stdout.readline().strip()
        if not answer:
            raise RuntimeError(f"{line.split(maxsplit=1)[0]} ended without an answer")
        return answer

    def _peak_mb(self, process: subprocess.Popen[str]) -> float:
        peak_mb = round(float(self._ask(process, "peak")), 1)
        process.communicate()
        return peak_mb


class _Restic:
    def __init__(self, folder: Path, source: Path) -> None:
        os.environ.update(RESTIC_PASSWORD="bench", RESTIC_REPOSITORY=str(folder / "repo"))  # noqa: S106 - a scratch repository
        self._folder = folder
        self._source = source
        _run("restic", "init")

    def backup(self) -> None:
        _run("restic", "backup", "--compression", "off", self._source)

    def restore(self) -> None:
        _run("restic", "restore", "latest", "--target", self._folder / "restic-back")


def _make(source: Path, size_bytes: int, files: int) -> None:
    source.mkdir(parents=True)
    for number in range(files):
        with (source / f"file-{number:03}.bin").open("wb") as file:
            for begin in range(0, size_bytes, BLOCK_BYTES):
                file.write(os.urandom(min(BLOCK_BYTES, size_bytes - begin)))


def _change(source: Path) -> None:
    """A few bytes in the middle of every so-many-eth file."""
    names = sorted(source.iterdir())
    for path in names[:: max(1, len(names) // CHANGED_FILES)][:CHANGED_FILES]:
        with path.open("r+b") as file:
            file.seek(path.stat().st_size // 2)
            file.write(b"changed")


def _check_same(source: Path, restored: Path) -> None:
    _run("diff", "-r", source, restored)


def _times(what: str, jobs: dict[str, Callable[[], None]]) -> dict[str, Any]:
    figures: dict[str, Any] = {
        f"{name}_s": _took(f"{what}, {name}", job) for name, job in jobs.items()
    }
    slower_s = max(figures["rclone_s"], figures["restic_s"])
    return figures | {"not_slower": figures["ours_s"] <= slower_s}


def _took(what: str, job: Callable[[], None]) -> float:
    os.sync()
    clock = SystemClock()
    began = clock.now().mono
    job()
    took_s = round(clock.now().mono - began, 2)
    _tell(f"{what}: {took_s:.2f} s")
    return took_s


def _run(*words: str | Path) -> None:
    subprocess.run(
        [str(word) for word in words],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.checkpoints", description=__doc__)
    parser.add_argument("--mb", type=int, default=2000, help="size of the tree (default: 2000)")
    parser.add_argument("--files", type=int, default=200, help="how many files (default: 200)")
    parser.add_argument("--dir", default=tempfile.gettempdir(), help="where; cleaned up afterwards")
    return parser.parse_args()


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress


if __name__ == "__main__":
    sys.exit(main())
