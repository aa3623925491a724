"""Who one is, and how much room is left."""

from __future__ import annotations

from typing import Any

from console.emulators.drive.methods.call import Call
from console.emulators.drive.methods.file_resources import user_body


def get(call: Call) -> dict[str, Any]:
    account = call.world.accounts[call.email]
    is_full = call.quirks.is_full
    return {
        "kind": "drive#about",
        "name": call.email.partition("@")[0],
        "user": user_body(call.email, call.email),
        "permissionId": account.permission_id,
        "rootFolderId": account.root_id,
        "quotaType": "LIMITED",
        "quotaBytesTotal": str(account.limit_bytes),
        "quotaBytesUsed": str(account.limit_bytes if is_full else account.used_bytes),
        "quotaBytesUsedInTrash": "0",
        "quotaBytesUsedAggregate": str(account.used_bytes),
    }
