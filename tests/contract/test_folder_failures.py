"""Goal: whatever fails below the folder store, its verdict is true and says what to do.

Method: roots that are missing in every way, and system calls that fail before,
during and after the step that decides.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sessionlib.clock import SystemClock
from sessionlib.ports import Unknown, Unreachable
from sessionlib.stores.folder import KEEP, FolderStore

KEY = "state/lease.json"
CALLS: dict[str, Callable[[FolderStore], object]] = {
    "read": lambda store: store.read(KEY),
    "create": lambda store: store.create(KEY, b"x"),
    "replace": lambda store: store.replace(KEY, b"x", "0"),
    "list": lambda store: store.list("state/"),
    "put": lambda store: store.put("data/x", b"x"),
    "get": lambda store: store.get("data/x"),
    "has": lambda store: store.has("data/x"),
    "proof": lambda store: store.proof("data/x"),
    "delete": lambda store: store.delete("data/x"),
}
WRITES = ("create", "replace", "put")


def lose(root: Path, how: str) -> None:
    """Make a store's root go away."""
    shutil.rmtree(root)
    match how:
        case "an empty mount point":
            root.mkdir()
        case "a file":
            root.touch()
        case "a dangling link":
            root.symlink_to(root.parent / "elsewhere")
        case "a link to a file":
            (root.parent / "file").touch()
            root.symlink_to(root.parent / "file")
        case "a file for state":
            root.mkdir()
            (root / "state").touch()


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "how",
    [
        "missing",
        "an empty mount point",
        "a file",
        "a dangling link",
        "a link to a file",
        "a file for state",
    ],
)
def test_a_root_that_is_not_there_is_unreachable(folder: FolderStore, how: str, call: str) -> None:
    folder.create(KEY, b"x")
    lose(folder.root, how)
    before = sorted(folder.root.parent.rglob("*"))
    said = r"is not there: is the folder mounted\? Only where no fleet was ever set up"
    if "file" in how:
        said = "a file is in the way of the folder .*, and move it"
    with pytest.raises(Unreachable, match=said):
        CALLS[call](folder)
    assert sorted(folder.root.parent.rglob("*")) == before


def test_a_root_lost_in_the_middle_of_a_read_is_never_a_missing_record(
    folder: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.create(KEY, b"x")
    listdir = os.listdir
    open_ = os.open

    def unmounted_before_open(path: Any, *args: Any, **options: Any) -> int:
        if str(path).endswith(KEY):
            folder.root.rename(folder.root.parent / "away")
            folder.root.mkdir()
        return open_(path, *args, **options)

    monkeypatch.setattr(os, "open", unmounted_before_open)
    found = folder.read(KEY)
    assert found is not None
    assert found.data == b"x"
    assert listdir(folder.root) == []


def test_provision_can_be_repeated_and_says_why_it_failed(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "a" / "b", SystemClock())
    store.provision()
    store.create(KEY, b"x")
    store.provision()
    assert store.read(KEY) is not None
    (tmp_path / "file").touch()
    with pytest.raises(Unreachable, match="file"):
        FolderStore(tmp_path / "file" / "b", SystemClock()).provision()


def fail(
    monkeypatch: pytest.MonkeyPatch, name: str, code: int, *, nth: int = 1, afterwards: bool = False
) -> None:
    """Let the nth call of `os.<name>` fail, before or after it has done its work."""
    real = getattr(os, name)
    calls = 0

    def failing(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls != nth:
            return real(*args, **options)
        if afterwards:
            real(*args, **options)
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, name, failing)


@pytest.mark.parametrize("call", WRITES)
@pytest.mark.parametrize("step", ["write", "fsync"])
@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE, errno.ENOSPC, errno.EDQUOT])
def test_a_failure_before_the_deciding_step_is_unreachable(
    folder: FolderStore, monkeypatch: pytest.MonkeyPatch, call: str, step: str, code: int
) -> None:
    if call == "replace":
        folder.create(KEY, b"old")
    fail(monkeypatch, step, code)
    no_space = code in (errno.ENOSPC, errno.EDQUOT)
    with pytest.raises(
        Unreachable, match="no space left on .*nothing" if no_space else str(folder.root)
    ):
        CALLS[call](folder)
    monkeypatch.undo()
    assert folder.list("state/") == ([KEY] if call == "replace" else [])
    assert folder.list("data/") == []
    assert os.listdir(folder.root / ".tmp") == []  # noqa: PTH208 - names only
    CALLS[call](folder)


@pytest.mark.parametrize("call", WRITES)
@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (errno.ENOSPC, Unreachable),
        (errno.EACCES, Unreachable),
        (errno.EROFS, Unreachable),
        (errno.EOPNOTSUPP, Unreachable),
        (errno.EIO, Unknown),
        (errno.ESTALE, Unknown),
        (errno.ETIMEDOUT, Unknown),
        (errno.ENOENT, Unknown),
    ],
)
def test_a_failure_of_the_deciding_step(
    folder: FolderStore,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    code: int,
    verdict: type[Exception],
) -> None:
    if call == "replace":
        folder.create(KEY, b"old")
    fail(monkeypatch, "rename" if call == "put" else "link", code)
    with pytest.raises(verdict):
        CALLS[call](folder)


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_hard_links_is_named_as_the_reason(
    folder: FolderStore, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    fail(monkeypatch, "link", code)
    with pytest.raises(Unreachable, match="hard links"):
        folder.create(KEY, b"x")


@pytest.mark.parametrize("call", WRITES)
def test_an_answer_lost_after_the_deciding_step_is_unknown(
    folder: FolderStore, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    if call == "replace":
        folder.create(KEY, b"old")
    fail(monkeypatch, "rename" if call == "put" else "link", errno.EIO, afterwards=True)
    with pytest.raises(Unknown, match="may have been written"):
        CALLS[call](folder)
    assert folder.get("data/x") == b"x" or folder.read(KEY)


@pytest.mark.parametrize("call", WRITES)
def test_names_not_known_to_be_on_the_disk_are_unknown(
    folder: FolderStore, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    (folder.root / "state" / "lease").mkdir()
    if call == "replace":
        folder.create(KEY, b"old")
    fail(monkeypatch, "fsync", errno.EIO, nth=2)
    with pytest.raises(Unknown):
        CALLS[call](folder)


def test_a_listing_that_fails_after_the_link_is_unknown(
    folder: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.create(KEY, b"old")
    version = folder.replace(KEY, b"new", "0")
    fail(monkeypatch, "listdir", errno.EIO, nth=2)
    with pytest.raises(Unknown):
        folder.replace(KEY, b"newer", version)


@pytest.mark.parametrize("call", ["create", "replace"])
def test_a_link_repeated_by_the_file_server_is_ours(
    folder: FolderStore, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    if call == "replace":
        folder.create(KEY, b"old")
    fail(monkeypatch, "link", errno.EEXIST, afterwards=True)
    version = CALLS[call](folder)
    found = folder.read(KEY)
    assert found is not None
    assert (found.data, found.version) == (b"x", version)


@pytest.mark.parametrize("step", ["rename", "unlink"])
def test_copy_and_pruning_are_best_effort(
    folder: FolderStore, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    version = folder.create(KEY, b"")
    for n in range(KEEP):
        version = folder.replace(KEY, b"%d" % n, version)

    def failing(*_: Any, **__: Any) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, step, failing)
    version = folder.replace(KEY, b"new", version)
    monkeypatch.undo()
    found = folder.read(KEY)
    assert found is not None
    assert (found.data, found.version) == (b"new", version)


def test_a_read_that_is_always_overtaken_gives_up(
    folder: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.replace(KEY, b"new", folder.create(KEY, b"old"))
    real = os.open

    def pruned_before_open(path: Any, *args: Any, **options: Any) -> int:
        if path == "state/lease/1":
            raise FileNotFoundError(errno.ENOENT, "pruned")
        return real(path, *args, **options)

    monkeypatch.setattr(os, "open", pruned_before_open)
    with pytest.raises(Unreachable, match="changes faster"):
        folder.read(KEY)
