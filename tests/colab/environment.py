"""An environment like a Colab VM's: its Python, and exactly the packages it has.

Kept below `.cache/` for as long as the lock file and the Python stay the same,
so that only the first run asks the network. `python -m tests.colab.environment`
says whether this machine has a Python for it, and which.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = Path(__file__).with_name("requirements.txt")
LISTED = Path(__file__).with_name("requirements.in")
CACHE = ROOT / ".cache" / "colab"
VERSIONS = ("3.13", "3.12")
MISSING = (
    "needs Python 3.13 or 3.12 with venv: put python3.13 on the PATH, or name one in "
    "$COLABVPS_COLAB_PYTHON"
)
INSTALL_S = 900


def find_interpreter() -> Path | None:
    """A Python of a version that Colab offers, the newest first; None where there is none."""
    named = os.environ.get("COLABVPS_COLAB_PYTHON")
    if named:
        return Path(named)
    return next((path for path in _candidates() if _fits(path)), None)


def _candidates() -> Iterable[Path]:
    home = Path.home()
    for version in VERSIONS:
        on_path = shutil.which(f"python{version}")
        if on_path is not None:
            yield Path(on_path)
        yield from sorted(home.glob(f".pyenv/versions/{version}.*/bin/python{version}"))
        uv = f".local/share/uv/python/cpython-{version}.*/bin/python{version}"
        yield from sorted(home.glob(uv))


def _fits(python: Path) -> bool:
    """Run, not only looked at: a version manager leaves names that lead nowhere."""
    code = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.decode().strip() in VERSIONS


@contextmanager
def environment(interpreter: Path) -> Iterator[Path]:
    """The environment's Python, nobody else using it; made first where that is due."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        place, stamp = CACHE / "venv", CACHE / "ready"
        wanted = hashlib.sha256(bytes(interpreter.resolve()) + LOCK.read_bytes()).hexdigest()
        if not stamp.exists() or stamp.read_text() != wanted:
            stamp.unlink(missing_ok=True)
            _run([interpreter, "-m", "venv", "--clear", place])
            # Without resolving, as on the VM: what is locked is what there is.
            _pip(place, "--no-deps", "--require-hashes", "-r", LOCK)
            stamp.write_text(wanted)
        yield place / "bin" / "python"


def install_wheel(python: Path, folder: Path) -> None:
    """Build this project's wheel in `folder`, and install it as on the VM."""
    _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder])
    (wheel,) = folder.glob("*.whl")
    _pip(python.parents[1], "--no-deps", "--force-reinstall", wheel)


def _pip(place: Path, *words: str | Path) -> None:
    quiet = ("--quiet", "--no-input", "--disable-pip-version-check")
    _run([place / "bin" / "python", "-m", "pip", "install", *quiet, *words])


def _run(words: list[str | Path]) -> None:
    # Elsewhere than in the tree, and without its path: nothing of it may be found by chance.
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    at = ROOT if "hatchling" in words else CACHE
    done = subprocess.run(
        words, cwd=at, env=environ, capture_output=True, text=True, timeout=INSTALL_S, check=False
    )
    if done.returncode:
        shown = " ".join(map(str, words))
        raise RuntimeError(f"{shown} exited with {done.returncode}:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.stdout.write(f"{find_interpreter() or sys.exit(MISSING)}\n")
