"""What operators sign: settings, versions of the code, the word on the next key; and keys.

Anybody can put an unsigned one under the same name: it is passed over with a
reason, by agents and by the console alike.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import Any

from sessionlib.bundles.records import CODE_RECORDS, PublishedCode
from sessionlib.config_loading import parse
from sessionlib.errors import RecordUnreadable, SignatureInvalid
from sessionlib.layout import succession_key, version_key
from sessionlib.signed.fleet_config import CONFIG_RECORDS, PublishedConfig, describe_difference
from sessionlib.signed.key_succession import SUCCESSION_RECORDS, follow_key_chain
from sessionlib.signed.records import RecordKind, VersionSeries
from sessionlib.signing import Purpose, public_of, verify_bytes
from sessionlib.stores.memory import MemoryStore
from tests.fuzz.examples import CONFIGURATION, HERE
from tests.fuzz.target import Target
from tests.fuzz.targets.records import PUBLIC, Stopped, numbers_are_finite

_CONFIG = parse(CONFIGURATION, HERE)
_KINDS: tuple[RecordKind[Any], ...] = (CODE_RECORDS, CONFIG_RECORDS, SUCCESSION_RECORDS)


def _decoded(data: bytes) -> list[tuple[RecordKind[Any], Any]]:
    """What it is to the one of three readers that takes it."""
    found = []
    refusals = []
    for kind in _KINDS:
        try:
            found.append((kind, kind.decode(data)))
        except RecordUnreadable as refusal:
            refusals.append(refusal)
    if not found:
        raise refusals[0]
    assert len(found) == 1, "one record of two kinds"
    return found


def _signed_holds(found: list[tuple[RecordKind[Any], Any]]) -> None:
    kind, value = found[0]
    numbers_are_finite(asdict(value))
    assert kind.decode(kind.encode(value)) == value
    try:
        kind.verify(value, PUBLIC)
    except SignatureInvalid:
        pass
    else:
        raise AssertionError("a signature that nobody made")
    if isinstance(value, PublishedCode):
        assert isinstance(value.label, str)
    if isinstance(value, PublishedConfig):
        assert describe_difference(_CONFIG, value)


def _looked_for(data: bytes) -> list[str]:
    """Every search for what is signed, in a store where this stands at every place."""
    store = MemoryStore(Stopped())
    for key in (
        version_key(CODE_RECORDS.prefix, 1),
        version_key(CONFIG_RECORDS.prefix, 1),
        succession_key(PUBLIC),
    ):
        store.create(key, data)
    reasons: list[str] = []
    for kind in (CODE_RECORDS, CONFIG_RECORDS):
        series: VersionSeries[Any] = VersionSeries(store, kind, "fleet")
        assert series.newest(PUBLIC) is None
        reasons += series.refused
    chain = follow_key_chain(store, "fleet", PUBLIC)
    assert chain.keys == (PUBLIC,)
    return [*reasons, chain.refused]


def _passed_over(reasons: list[str]) -> None:
    assert len(reasons) == 3
    assert all(0 < len(reason) <= 400 for reason in reasons), reasons


def _key(data: bytes) -> str:
    """Text as a seed, as a public half and as a signature."""
    text = data.decode("latin-1")
    for signature, public in ((text, PUBLIC), ("5e" * 64, text)):
        with suppress(SignatureInvalid):
            verify_bytes(Purpose.CODE, b"body", signature, public)
            raise AssertionError("a signature that nobody made")
    public_of(text)
    return text


def _key_holds(text: str) -> None:
    assert len(text) == 64
    assert set(text) <= set("0123456789abcdefABCDEF")
    assert public_of(text.lower()) == public_of(text)


TARGETS = (
    Target(
        "signed",
        "signed.records.RecordKind.decode, verify; signed.fleet_config.describe_difference",
        _decoded,
        (RecordUnreadable,),
        _signed_holds,
        "json",
    ),
    Target(
        "signed-search",
        "signed.records.VersionSeries.newest, signed.key_succession.follow_key_chain",
        _looked_for,
        (),
        _passed_over,
        "json",
    ),
    Target("key", "signing.verify_bytes, signing.public_of", _key, (ValueError,), _key_holds),
)
