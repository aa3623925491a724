"""A store in a folder, made ready."""

from __future__ import annotations

from console.setup.founding.steps import SetupStep, lease_steps, make_lease
from sessionlib.clock import SystemClock
from sessionlib.config import Config
from sessionlib.layout import FOLDERS
from sessionlib.stores import timing_of
from sessionlib.stores.folder import FolderStore
from sessionlib.stores.folder_kind import store_folder


def folder_steps(config: Config) -> list[SetupStep]:
    """What the store lacks."""
    root = store_folder(config)
    store = FolderStore(root, SystemClock())
    ttl_s = timing_of(config).ttl_s

    def make_folders() -> str:
        store.provision()
        return f"made the store's folders in {root}"

    if not root.exists():
        asks = (
            f"Make a new store in {root}, which isn't there. (A shared folder that only isn't "
            "mounted must be mounted first: this would begin a second fleet.)"
        )
        # Looked at only then: while a store isn't there, what it lacks can't be told.
        lease = SetupStep("", lambda: make_lease(store, ttl_s, may_follow_one=True))
        return [SetupStep(asks, make_folders), lease]
    steps = []
    if not all((root / name).is_dir() for name in FOLDERS):
        steps.append(SetupStep(f"Make the store's folders in {root}.", make_folders))
    return [*steps, *lease_steps(store, ttl_s)]
