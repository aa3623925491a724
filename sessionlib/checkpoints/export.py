"""A checkpoint as a folder of its own, for people: all of it or nothing, in a new place."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sessionlib.checkpoints.catalog import read_manifest
from sessionlib.checkpoints.errors import FileError, file_error, quote_path
from sessionlib.checkpoints.fsync import sync_folder
from sessionlib.checkpoints.manifest import Manifest
from sessionlib.checkpoints.tree_fetch import ShadowTree, remove_tree
from sessionlib.checkpoints.worker_pool import WorkerPool
from sessionlib.ports import Store


def export_checkpoint(
    store: Store,
    name: str,
    to: Path,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Manifest:
    """Write a checkpoint's tree to `to`, all of it hashed. `tell` is given bytes done and to do.

    Raises FileTrouble where `to` exists; Missing, Damaged, StoreError, Cancelled.
    """
    to = to.absolute()
    _require_absent(to)
    manifest = read_manifest(store, name)
    draft = to.with_name(f".{to.name}.{secrets.token_hex(4)}")
    try:
        tree = ShadowTree(draft)
        with WorkerPool(is_cancelled) as crew:
            tree.update_to(manifest, store, crew, on_progress)
        tree.restore_modes(manifest)
        _require_absent(to)
        draft.rename(to)
        sync_folder(to.parent)
    except OSError as error:
        raise file_error(to, error) from None
    finally:
        if draft.exists():
            with suppress(OSError):
                remove_tree(draft)
    return manifest


def _require_absent(to: Path) -> None:
    if os.path.lexists(to):
        raise FileError(
            f"{quote_path(to)} exists: name a folder that doesn't, nothing is overwritten"
        )
