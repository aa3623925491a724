"""Signed, numbered records: each version is written once, and the highest genuine one counts."""

# A record is created, never replaced: of two operators who publish at once, one has the version.
# No record says which version is current. It would be overwritten in a race, or by somebody who
# can write to the store but not sign. What isn't genuine is passed over with a reason.

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import pydantic_core
from pydantic import TypeAdapter, ValidationError

from sessionlib.errors import ProgramError, RecordUnreadable, SignatureInvalid
from sessionlib.layout import version_key
from sessionlib.ports import Store
from sessionlib.records import MAX_RECORD_BYTES, read_object

MAX_PASSED_OVER = 64
"""So many versions that aren't genuine are passed over; below them nothing is looked for."""

_NAME = re.compile(r"([1-9][0-9]{0,8})\.json")


class SignedRecord(Protocol):
    """What every signed record has."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def fleet(self) -> str: ...
    @property
    def signature(self) -> str: ...


class NumberedRecord(SignedRecord, Protocol):
    """What every numbered one has as well."""

    @property
    def version(self) -> int: ...


S = TypeVar("S", bound=SignedRecord)
T = TypeVar("T", bound=NumberedRecord)


@dataclass(frozen=True, slots=True)
class RecordKind(Generic[S]):
    """A kind of record: where it is kept, its fields, and what it is called. `schema` is the
    purpose of its signature as well."""

    prefix: str
    schema: str
    fields: type[S]

    def sign(self, value: S, seed_hex: str) -> S:
        """The same version, signed. Raises ValueError for a seed that is none."""
        from sessionlib import signing  # noqa: PLC0415 - cryptography loads only for signatures

        signature = signing.sign_bytes(signing.Purpose(self.schema), _body(value), seed_hex)
        return replace(value, signature=signature)

    def verify(self, value: S, public_hex: str) -> None:
        """Return for what the key has signed. Raises SignatureInvalid."""
        from sessionlib import signing  # noqa: PLC0415 - as above

        signing.verify_bytes(
            signing.Purpose(self.schema), _body(value), value.signature, public_hex
        )

    def encode(self, value: S) -> bytes:
        """One line of JSON. Raises KitError for more than a record holds."""
        data: bytes = pydantic_core.to_json({"schema": self.schema, **asdict(value)})
        if len(data) > MAX_RECORD_BYTES:
            raise ProgramError(
                f"the record would have {len(data)} bytes, more than the {MAX_RECORD_BYTES} "
                "that one may have: make the settings shorter"
            )
        return data

    def decode(self, data: bytes) -> S:
        """Read a version, genuine or not. Raises RecordUnreadable."""
        body = read_object(data)
        schema = body.pop("schema", None)
        if schema != self.schema:
            raise RecordUnreadable(
                f"schema is {schema!r:.40}, not {self.schema!r}: foreign, or newer"
            )
        try:
            return TypeAdapter(self.fields).validate_json(pydantic_core.to_json(body), strict=True)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "record"
            raise RecordUnreadable(f"{where}: {first['msg']}") from None


class VersionSeries(Generic[T]):
    """The versions of one kind that a store has. Calls may raise StoreError.

    What was once found genuine isn't read again. `refused` holds a reason for each
    record that the last look passed over.
    """

    def __init__(self, store: Store, kind: RecordKind[T], fleet: str) -> None:
        self._store = store
        self._kind = kind
        self._fleet = fleet
        self._genuine: dict[tuple[int, str], T] = {}
        self.refused: tuple[str, ...] = ()

    def newest(self, public_hex: str) -> T | None:
        """The highest version that the key has signed for this fleet."""
        reasons = []
        found = None
        for number in reversed(self.numbers()[-MAX_PASSED_OVER:]):
            try:
                found = self._read_genuine(number, public_hex)
            except (RecordUnreadable, SignatureInvalid) as error:
                reasons.append(f"{version_key(self._kind.prefix, number)}: {error}")
            if found is not None:
                break
        self.refused = tuple(reasons)
        return found

    def numbers(self) -> list[int]:
        """The numbers that are taken, genuine or not, in order."""
        prefix = self._kind.prefix
        names = (key.removeprefix(prefix) for key in self._store.list(prefix))
        return sorted(int(match[1]) for match in map(_NAME.fullmatch, names) if match)

    def read(self, number: int) -> T | None:
        """One version, genuine or not; None where there is none. Raises RecordUnreadable."""
        found = self._store.read(version_key(self._kind.prefix, number))
        return None if found is None else self._kind.decode(found.data)

    def next_free_number(self, newest: T | None) -> int:
        """The number for the version after `newest`: the next that nothing has."""
        taken = set(self.numbers())
        number = 1 if newest is None else newest.version + 1
        while number in taken:
            number += 1
        return number

    def add(self, value: T) -> None:
        """Write a version. Raises Conflict where its number is taken, Unknown where it may be."""
        key = version_key(self._kind.prefix, value.version)
        self._store.create(key, self._kind.encode(value))

    def _read_genuine(self, number: int, public_hex: str) -> T | None:
        known = self._genuine.get((number, public_hex))
        if known is not None:
            return known
        value = self.read(number)
        if value is None:
            return None
        if (value.fleet, value.version) != (self._fleet, number):
            raise SignatureInvalid("it was made for another fleet or version, or renamed")
        try:
            self._kind.verify(value, public_hex)
        except SignatureInvalid:
            raise SignatureInvalid("it isn't signed by this fleet's key") from None
        self._genuine = {(number, public_hex): value}
        return value


def _body(value: SignedRecord) -> bytes:
    from sessionlib.signing import canonical  # noqa: PLC0415 - as above

    fields = {name: field for name, field in asdict(value).items() if name != "signature"}
    return canonical(fields)
