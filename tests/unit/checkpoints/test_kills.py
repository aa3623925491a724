"""Goal: a process that is killed at any step leaves nothing that the next start can't put right.

Method: a real process on a real disk, killed before each call that changes
something there. After each death another one restores; the data must then be
what the checkpoint holds, or what was there, and what existed nowhere else must
still exist.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from sessionlib.checkpoints.catalog import list_names, verify
from sessionlib.clock import SystemClock
from sessionlib.core.values import Pointer
from sessionlib.stores.folder import FolderStore
from tests.unit.checkpoints.sessions import Side, fill, picture

REPO = Path(__file__).parents[3]
ALONE = "exists nowhere else"


@contextmanager
def killer(folder: Path, verb: str) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-S", "-m", "tests.unit.checkpoints.killed_process", str(folder), verb]
    environ_path = ":".join(sys.path)
    process = subprocess.Popen(
        words,
        cwd=REPO,
        env={"PYTHONPATH": environ_path, "PATH": "/usr/bin:/bin"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def dies_at(process: subprocess.Popen[str], step: int) -> bool:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{step}\n")
    process.stdin.flush()
    answer = process.stdout.readline().strip()
    assert answer in {"died", "lived"}
    return answer == "died"


class Scene:
    """Two machines and a store, as they were before the process that dies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = FolderStore(folder / "VPS_Shared", SystemClock())
        self.store.provision()
        self.here = Side(self.store, folder / "here")
        self.there = Side(self.store, folder / "there")
        self._kept = folder.with_name("kept")

    def keep(self, pointer: Pointer) -> None:
        (self.folder / "pointer.json").write_text(json.dumps(asdict(pointer)))
        shutil.copytree(self.folder, self._kept, symlinks=True)

    def again(self) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(self._kept, self.folder, symlinks=True)
        self.here.start()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "scene")


def published(scene: Scene, *, mine: bool) -> Pointer:
    """A checkpoint from the other machine; `mine` says that this one has worked on meanwhile."""
    here, there = scene.here, scene.there
    here.checkpoints.restore(1, None)
    fill(here.data, a="1" * 100, b__c="2", gone="3")
    (here.data / "link").symlink_to("b/c")
    sealed = here.copy(1, None)
    there.checkpoints.restore(2, sealed)
    fill(there.data, a="1" * 70 + "!" * 30, new__d="4")
    (there.data / "gone").unlink()
    if mine:
        fill(here.data, b__c=ALONE)
    return there.copy(2, sealed)


@pytest.mark.parametrize("mine", [True, False])
@pytest.mark.parametrize("verb", ["restore", "fetch"])
def test_a_restore_survives_a_kill_at_every_step(scene: Scene, verb: str, mine: bool) -> None:
    pointer = published(scene, mine=mine)
    wanted = picture(scene.there.data)
    scene.keep(pointer)
    step, deaths = 0, 0
    with killer(scene.folder, verb) as process:
        while True:
            step += 1
            died = dies_at(process, step)
            deaths += died
            scene.here.start()
            # The next claim: the same agent, restarted, or another one in between.
            epoch = 4 if step % 2 else 3
            done = scene.here.checkpoints.restore(epoch, pointer)
            assert picture(scene.here.data) == wanted, f"step {step}: {done.text}"
            if mine:
                texts = [(path / "b" / "c").read_text() for path in scene.here.aside()]
                assert texts == [ALONE], f"step {step}"
            assert scene.here.beside() == {path.name for path in scene.here.aside()}
            if not died:
                break
            scene.again()
    assert deaths > 20


def test_a_copy_survives_a_kill_at_every_step(scene: Scene) -> None:
    here = scene.here
    here.checkpoints.restore(2, None)
    fill(here.data, a="1" * 100, b="2")
    pointer = here.copy(2, None)
    fill(here.data, b=ALONE, c="5" * 80)
    before = picture(here.data)
    scene.keep(pointer)
    step = 0
    with killer(scene.folder, "copy") as process:
        while dies_at(process, step := step + 1):
            assert picture(here.data) == before
            for name in list_names(scene.store):
                assert verify(scene.store, name) == [], f"step {step}"
            here.start()
            assert here.checkpoints.restore(3, pointer).kept_existing, f"step {step}"
            assert picture(here.data) == before
            after = here.copy(3, pointer)
            assert verify(scene.store, after.name) == []
            scene.again()
    assert step > 20
