"""Which key is the fleet's by now: only the old key's own word names the next one."""

# The record is created once and never replaced. Whoever starts with an old key follows the chain
# from there. The chain is bounded, and one that goes round is refused. An agent remembers how far
# it has come, so that a removed record doesn't bring an old key back.

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sessionlib.errors import ProgramError, RecordUnreadable, SignatureInvalid
from sessionlib.key_text import is_key
from sessionlib.layout import SUCCESSIONS, succession_key
from sessionlib.ports import Store
from sessionlib.records import read_object
from sessionlib.signed.records import RecordKind

MAX_CHANGES = 16


@dataclass(frozen=True, slots=True)
class KeySuccession:
    """One key's word on the next, in `config/keys/<first 16 digits of old>.json`.

    `old` and `new` are public halves; it is signed with `old`. `at` (Unix seconds by
    the operator's wall clock) and `by` are for people.
    """

    fleet: str
    old: str
    new: str
    at: float
    by: str
    signature: str = ""


SUCCESSION_RECORDS: RecordKind[KeySuccession] = RecordKind(
    SUCCESSIONS, "succession/1", KeySuccession
)


@dataclass(frozen=True, slots=True)
class KeyChain:
    """The keys from the pinned one to the present one, and why it goes no further."""

    keys: tuple[str, ...]
    refused: str = ""


def follow_key_chain(store: Store, fleet: str, pinned_public: str) -> KeyChain:
    """The keys from `pinned_public` to the one that counts now. Raises StoreError, and
    ProgramError for a chain that goes round or on for too long."""
    keys = [pinned_public]
    while True:
        try:
            step = read_succession(store, fleet, keys[-1])
        except (RecordUnreadable, SignatureInvalid) as error:
            return KeyChain(tuple(keys), f"{succession_key(keys[-1])}: {error}")
        if step is None:
            return KeyChain(tuple(keys))
        if step.new in keys:
            raise ProgramError(f"the fleet's keys go round: {step.new[:16]} follows itself")
        if len(keys) > MAX_CHANGES:
            raise ProgramError(
                f"the fleet's key was changed more than {MAX_CHANGES} times since this one: write "
                "the present one into the configuration as fleet_key"
            )
        keys.append(step.new)


def read_succession(store: Store, fleet: str, old_public: str) -> KeySuccession | None:
    """What a key says of the next one; None where it says nothing. Raises StoreError,
    RecordUnreadable, SignatureInvalid."""
    found = store.read(succession_key(old_public))
    if found is None:
        return None
    step = SUCCESSION_RECORDS.decode(found.data)
    if not is_key(step.new):
        raise RecordUnreadable("what it names as the next key is none")
    if (step.fleet, step.old) != (fleet, old_public):
        raise SignatureInvalid("it was made for another fleet or key, or renamed")
    try:
        SUCCESSION_RECORDS.verify(step, old_public)
    except SignatureInvalid:
        raise SignatureInvalid("it isn't signed by the key that it would replace") from None
    return step


class FollowedKey:
    """The fleet's key as one agent knows it. `refused` says why the last look went no further."""

    def __init__(self, store: Store, fleet: str, pinned_public: str, home: Path) -> None:
        self._store = store
        self._fleet = fleet
        self._pinned = pinned_public
        self._path = home / "fleet-key.json"
        self.public = self._recall()
        self.refused = ""

    def update(self) -> str:
        """Follow the chain on from what is known. Raises StoreError; else `public` counts."""
        try:
            chain = follow_key_chain(self._store, self._fleet, self.public)
        except ProgramError as error:
            self.refused = str(error)
            return self.public
        self.refused = chain.refused
        if chain.keys[-1] != self.public:
            self.public = chain.keys[-1]
            self._remember()
        return self.public

    def _recall(self) -> str:
        with suppress(OSError, RecordUnreadable):
            known = read_object(self._path.read_bytes())
            # Another key in the file is the operator's word, and newer than what we remember.
            public = known.get("public")
            if known.get("pinned") == self._pinned and isinstance(public, str) and is_key(public):
                return public
        return self._pinned

    def _remember(self) -> None:
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with suppress(OSError):
            draft.write_text(json.dumps({"pinned": self._pinned, "public": self.public}))
            draft.replace(self._path)
