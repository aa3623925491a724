"""Checkpoints: committed, verified copies of a workload's data.

Decided here, over the whole package: a checkpoint is a manifest and the blobs
that it names, both in the store, neither ever changed. It counts once the lease
record points at it, and that write is the agent's. What is below a data
directory is carried; what it means to the workload is not known here.

Why no checkpoint that is published can lose a blob
---------------------------------------------------

A collector may be frozen at any point and wake arbitrarily late, under an epoch
that is long over, when others have published. It goes on with what it knew. Let
P be the pointer that its lease held when it began, a published checkpoint.

1.  Names are given once. A blob's name holds the epoch and sequence of the copy
    that uploaded it and a nonce of that copy. What is deleted late is therefore
    never something new under an old name.
2.  It deletes only what is at most as new as P, by name, or was uploaded under an
    epoch before its own. Whoever publishes after P does so under the collector's
    epoch with a higher sequence than P's, or under a higher epoch. So however late
    it makes its list, no upload made for a checkpoint after P is on it, published
    already or not.
3.  It deletes nothing that P names: it reads P's manifest before it deletes, and
    deletes nothing where it can't.
4.  A copy names again only blobs that its base names, the checkpoint that the
    lease pointed at when it began, and its pointer is published by a conditional
    write over just that lease. By induction over the published checkpoints after
    P, each names only blobs that P names and blobs uploaded after P.

By 2 to 4 the collector's list and the blobs of P and its successors are disjoint.
Of the checkpoints *before* P, the newest are kept, and the others are what the
list is for; whoever is fetching one of those is told that it is gone, and
fetches the pointer's.

Not decided here: when to copy, to fetch and to collect, which is the agent's.
"""

from sessionlib.checkpoints.checkpoints import Checkpoints, RestoreResult
from sessionlib.checkpoints.errors import (
    CheckpointCancelled,
    CheckpointDamaged,
    CheckpointError,
    CheckpointMissing,
    FileError,
    KeepsChanging,
    Unsuitable,
    UploadNotProven,
)

__all__ = [
    "CheckpointCancelled",
    "CheckpointDamaged",
    "CheckpointError",
    "CheckpointMissing",
    "Checkpoints",
    "FileError",
    "KeepsChanging",
    "RestoreResult",
    "Unsuitable",
    "UploadNotProven",
]
