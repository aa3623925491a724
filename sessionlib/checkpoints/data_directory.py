"""The data directory and what lies beside it; how one directory takes another's place.

- `data.stem.json`, the note: the epoch under which the directory is used, and the checkpoints
  that it may be continued from.
- `.data.next`, the shadow: a tree on its way to a checkpoint.
- `.data.drop-*`: a shadow on its way out.
- `data.aside-<epoch>-*`: what may exist nowhere else. Nothing here removes or changes one.
"""

# A switch renames the old directory aside, writes the note, and renames the shadow into place.
# Each step is durable before the next. In between the directory is missing, which says by
# itself that it has to be made. The note is written while there is no directory: so it never
# stands beside one that it isn't true of.

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from sessionlib.checkpoints.errors import file_error
from sessionlib.checkpoints.fsync import replace_file, sync_folder
from sessionlib.checkpoints.store_names import MAX_NUMBER, checkpoint_number
from sessionlib.checkpoints.tree_fetch import remove_tree
from sessionlib.errors import RecordUnreadable
from sessionlib.records import read_object

_SCHEMA = "stem/1"
_MAX_STEMS = 6


@dataclass(frozen=True, slots=True)
class StemNote:
    """What is known of a data directory. None among `stems`: from no checkpoint at all."""

    epoch: int
    stems: tuple[str | None, ...]


def next_stems(found: StemNote | None, epoch: int, base: str | None, made: str) -> StemNote:
    """What a directory is noted to be once `made` was copied from it under `epoch`.

    All that was copied from it under this epoch counts: which of them is published may
    turn on a write of which nothing is known yet.
    """
    known = found.stems if found is not None and found.epoch == epoch else ()
    stems = [*known, *(name for name in (base, made) if name not in known)]
    return StemNote(epoch, tuple(stems[:1] + stems[1:][1 - _MAX_STEMS :]))


def may_continue(found: StemNote | None, wanted: StemNote) -> bool:
    """Whether a directory that is there, and is noted to be `found`, may be worked on as
    `wanted`: it stems from that very checkpoint and nobody has claimed in between, or no
    agent ever used it and nothing was ever published."""
    if wanted.stems == (None,) and (found is None or _was_remade(found)):
        return True
    if found is None:
        return False
    return found.epoch in {wanted.epoch - 1, wanted.epoch} and wanted.stems[0] in found.stems


def _was_remade(note: StemNote) -> bool:
    """Whether the lease record must have been lost: it once pointed at a checkpoint, as the
    directory does. Whoever makes it again says who is to claim first."""
    return bool(note.stems) and None not in note.stems


class DataDirectory:
    """Where one session keeps its data."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.shadow = data.with_name(f".{data.name}.next")
        self._note = data.with_name(f"{data.name}.stem.json")

    def prepare(self) -> None:
        """Make the folder that all this lies in, and finish removing what was to go."""
        try:
            self.data.parent.mkdir(parents=True, exist_ok=True)
            for left in self.data.parent.glob(f".{self.data.name}.drop-*"):
                remove_tree(left)
        except OSError as error:
            raise file_error(error.filename or self.data.parent, error) from None

    def exists(self) -> bool:
        """Whether there is a data directory. Raises FileTrouble where something else is."""
        try:
            return self.data.exists() and (self.data.is_dir() or self._in_the_way())
        except OSError as error:
            raise file_error(self.data, error) from None

    def read_note(self) -> StemNote | None:
        """What the directory is noted to be; a note that can't be read names no checkpoint.

        None where there is none: a directory that no agent has ever used.
        """
        try:
            body = read_object(self._note.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, RecordUnreadable):
            return StemNote(-1, ())
        return _parsed(body)

    def write_note(self, note: StemNote) -> None:
        body = {"schema": _SCHEMA, "epoch": note.epoch, "stems": list(note.stems)}
        try:
            replace_file(self._note, json.dumps(body).encode())
        except OSError as error:
            raise file_error(self._note, error) from None

    def make_empty(self, note: StemNote) -> None:
        """Where there is no directory, an empty one."""
        self.write_note(note)
        try:
            self.data.mkdir(exist_ok=True)
            sync_folder(self.data.parent)
        except OSError as error:
            raise file_error(self.data, error) from None

    def set_aside(self, epoch: int) -> Path | None:
        """Move the directory out of the way; where to, None if there was nothing in it."""
        aside = self.data.with_name(f"{self.data.name}.aside-{epoch}-{secrets.token_hex(3)}")
        try:
            with suppress(OSError):
                self.data.rmdir()  # refused unless it is empty
            if not self.data.exists():
                return None
            self.data.rename(aside)
            sync_folder(self.data.parent)
        except OSError as error:
            raise file_error(self.data, error) from None
        return aside

    def turn_data_into_shadow(self) -> None:
        """The directory is wholly in the store: go on from it to the next checkpoint."""
        self.drop_shadow()
        try:
            self.data.rename(self.shadow)
            sync_folder(self.data.parent)
        except OSError as error:
            raise file_error(self.data, error) from None

    def turn_shadow_into_data(self, note: StemNote) -> None:
        """The last step of a switch. There must be no data directory."""
        self.write_note(note)
        try:
            self.shadow.rename(self.data)
            sync_folder(self.data.parent)
        except OSError as error:
            raise file_error(self.shadow, error) from None

    def drop_shadow(self) -> None:
        """Remove the shadow. It holds nothing that isn't in the store."""
        if not os.path.lexists(self.shadow):
            return
        doomed = self.data.with_name(f".{self.data.name}.drop-{secrets.token_hex(3)}")
        try:
            self.shadow.rename(doomed)
            if doomed.is_symlink() or not doomed.is_dir():
                doomed.unlink()
            else:
                remove_tree(doomed)
        except OSError as error:
            raise file_error(self.shadow, error) from None

    def _in_the_way(self) -> bool:
        raise NotADirectoryError(20, "is no folder; move it away", str(self.data))


def _parsed(body: dict[str, object]) -> StemNote:
    match body:
        case {"schema": "stem/1", "epoch": int(epoch), "stems": [*stems]} if (
            0 <= epoch <= MAX_NUMBER and len(stems) <= _MAX_STEMS
        ):
            known = [stem for stem in stems if stem is None or _is_checkpoint(stem)]
            if len(known) == len(stems):
                return StemNote(epoch, tuple(known))
    return StemNote(-1, ())


def _is_checkpoint(stem: object) -> TypeGuard[str]:
    return isinstance(stem, str) and checkpoint_number(stem) is not None
