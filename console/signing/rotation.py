"""Changing the fleet's key in steps. Run again, `key rotate` finishes an interrupted change.

1. The new seed is kept beside the old one. Nothing uses it yet.
2. The newest code and settings are published once more, signed with the new key. Agents pass
   over them: the old key's are still there, and count.
3. The old key's word on the new one goes into the store. This is the moment: agents go over to
   the new key, and find what step 2 has published. Both seeds are at hand on either side of it.
4. The new public half is written into the configuration.
5. The new seed takes the old one's place.

`in_force.signing_seed` takes whichever seed is in force, so it works between any two steps. Each
step looks whether it was taken already. Where the operator keeps the seed in the environment,
steps 1 and 5 are the operator's own, who is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from console.config_file import write_fleet_key
from console.errors import OutcomeUnknown, Refused
from console.signing import seed_storage
from console.signing.in_force import KeyState, explain_missing_seed
from console.signing.operator_name import operator_name
from console.signing.seed_storage import NEXT_VARIABLE, VARIABLE
from sessionlib.bundles.records import CODE_RECORDS
from sessionlib.config import Config
from sessionlib.errors import (
    Conflict,
    ProgramError,
    RecordUnreadable,
    SignatureInvalid,
    StoreError,
    Unknown,
)
from sessionlib.layout import succession_key
from sessionlib.ports import Store
from sessionlib.publishing import Publisher
from sessionlib.signed.fleet_config import CONFIG_RECORDS
from sessionlib.signed.key_succession import SUCCESSION_RECORDS, KeySuccession, read_succession
from sessionlib.signed.records import NumberedRecord, RecordKind, VersionSeries
from sessionlib.signing import new_seed, public_of

T = TypeVar("T", bound=NumberedRecord)


@dataclass(frozen=True, slots=True)
class RotationStep:
    """One step: does it, and says what was done; nothing where there was nothing to do."""

    do: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Rotation:
    """A change from one key to the next. `old` is None where only its end is left to do."""

    config: Config
    store: Store
    old: str | None
    new: str
    in_keyring: bool
    at: float

    @property
    def public(self) -> str:
        return public_of(self.new)

    def published_under_old_key(self) -> list[str]:
        """What step 2 will publish again, and whose it is: all that the old key has signed last
        is believed, so the operator should know it."""
        public = public_of(self.old or self.new)
        code = VersionSeries(self.store, CODE_RECORDS, self.config.fleet).newest(public)
        settings = VersionSeries(self.store, CONFIG_RECORDS, self.config.fleet).newest(public)
        texts = [] if code is None else [f"code {code.label} by {code.by}"]
        return (
            texts
            if settings is None
            else [*texts, f"settings v{settings.version} by {settings.by}"]
        )

    def steps(self) -> Iterator[RotationStep]:
        """What is left to be done, in order."""
        if self.old is not None:
            old = self.old
            yield RotationStep(self._keep_beside)
            yield RotationStep(self._publish_again)
            yield RotationStep(lambda: self._write_succession(old))
        yield RotationStep(self._write_config)
        yield RotationStep(self._promote_in_keyring)

    def _keep_beside(self) -> str:
        if not self.in_keyring or seed_storage.next_from_keyring(self.config.fleet) == self.new:
            return ""
        seed_storage.keep_next(self.config.fleet, self.new)
        return "kept the new key in the keyring, beside the old one"

    def _publish_again(self) -> str:
        done = [self._again(CODE_RECORDS, "code"), self._again(CONFIG_RECORDS, "configuration")]
        texts = [text for text in done if text]
        return f"published with the new key: {' and '.join(texts)}" if texts else ""

    def _again(self, kind: RecordKind[T], name: str) -> str:
        series = VersionSeries(self.store, kind, self.config.fleet)
        newest = series.newest(public_of(self.old or ""))
        known = series.newest(self.public)
        if newest is None or (known is not None and known.version > newest.version):
            return ""
        publisher = Publisher(self.store, self.config.fleet, self.new, operator_name(), self.at)
        return f"{name} v{publisher.republish(kind, newest).version}"

    def _write_succession(self, old: str) -> str:
        word = KeySuccession(
            self.config.fleet, public_of(old), self.public, self.at, operator_name()
        )
        key = succession_key(word.old)
        try:
            self.store.create(key, SUCCESSION_RECORDS.encode(SUCCESSION_RECORDS.sign(word, old)))
        except Conflict:
            self._resolve_conflict(word.old)
        except Unknown as error:
            if self._successor_on_record(word.old) != self.public:
                raise OutcomeUnknown(
                    f"the key may or may not have been changed ({error}): this machine has both, "
                    "so either way you can go on; run `colabvps-console key rotate` again"
                ) from None
        return "put the old key's word on the new one into the store: agents follow it"

    def _resolve_conflict(self, old_public: str) -> None:
        """Something stands there already: ours, another operator's, or nobody's."""
        stands = self._successor_on_record(old_public)
        if stands is None:
            raise ProgramError(
                f"{succession_key(old_public)} is in the store, and isn't this fleet's: find out "
                "who put it there, remove it, and run this again"
            )
        if stands != self.public:
            raise Refused(
                f"somebody else changed the key at the same moment, to {stands[:16]}…, and that "
                "one counts: ask them for it"
            )

    def _successor_on_record(self, old_public: str) -> str | None:
        with suppress(StoreError, RecordUnreadable, SignatureInvalid):
            found = read_succession(self.store, self.config.fleet, old_public)
            return None if found is None else found.new
        return None

    def _write_config(self) -> str:
        if self.config.fleet_key == self.public:
            return ""
        write_fleet_key(self.config.path, self.public)
        return f"wrote the new key's public half to {self.config.path}"

    def _promote_in_keyring(self) -> str:
        if not self.in_keyring:
            return (
                f"nothing is kept here: set {VARIABLE} to the new key wherever it is set, and "
                f"unset {NEXT_VARIABLE}"
            )
        seed_storage.keep_seed(self.config.fleet, self.new)
        seed_storage.forget_next(self.config.fleet)
        if seed_storage.seed_from_env() not in {None, self.new}:
            return f"kept the new key in the keyring; {VARIABLE} still has the old one: unset it"
        return "kept the new key in the keyring, in the old one's place"


def plan_rotation(config: Config, store: Store, state: KeyState, at: float) -> Rotation | None:
    """The change to be made, or the end of one that was begun; None where only the operator's
    own environment is left to be changed. Raises Refused."""
    current = state.seed_for(state.current)
    if current is None:
        raise Refused(explain_missing_seed(config, state))
    draft = Rotation(config, store, None, current.value, current.kept_in_keyring, at)
    in_place = current is state.seeds[0] or _keeps(config.fleet, current.value)
    if state.current != state.pinned or not in_place:
        if state.current == state.pinned and not current.kept_in_keyring:
            return None
        return draft
    new, in_keyring = _next_seed(config.fleet, current.value)
    public = public_of(new)
    if public in state.chain.keys or store.read(succession_key(public)) is not None:
        raise Refused(
            f"{NEXT_VARIABLE} holds a key that this fleet has or had: unset it, or set it to a "
            "new one"
        )
    return replace(draft, old=current.value, new=new, in_keyring=in_keyring)


def _keeps(fleet: str, seed: str) -> bool:
    """Whether the keyring has it as the usual one."""
    with suppress(Refused):
        kept = seed_storage.find_seed(fleet, {})
        return kept == seed
    return False


def _next_seed(fleet: str, current: str) -> tuple[str, bool]:
    """The seed to change to, and whether it is to be kept in the keyring. Raises Refused."""
    given = seed_storage.next_from_env()
    try:
        begun = seed_storage.next_from_keyring(fleet)
    except Refused:
        if given is None:
            raise Refused(
                f"this machine has no usable keyring for a new key: set {NEXT_VARIABLE} to one, "
                "64 hex digits (`openssl rand -hex 32` makes one), and keep it where you keep "
                "passwords"
            ) from None
        return given, False
    if given is not None:
        return given, True
    if begun is not None and begun != current:
        return begun, True
    return new_seed(), True
