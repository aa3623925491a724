"""`publish`: the program and the settings, for all sessions."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import IO, Annotated, Any

import typer

from console.bounded_calls import TimeoutStore
from console.cli.options import command_context
from console.errors import Interrupted
from console.fleet.fleet import open_fleet
from console.signing.in_force import signing_seed
from console.signing.operator_name import operator_name
from console.text.output import Output
from console.text.units import size_text
from sessionlib.bundles.packing import PackedArchive, PackEntry, list_entries, pack
from sessionlib.bundles.records import CODE_RECORDS, MIB, PublishedCode
from sessionlib.bundles.transfer import is_stored
from sessionlib.config import Config
from sessionlib.ports import Store
from sessionlib.publishing import Publisher
from sessionlib.signed.fleet_config import (
    CONFIG_RECORDS,
    PublishedConfig,
    comparable_settings,
    describe_difference,
    settings_digest,
)
from sessionlib.signed.records import VersionSeries
from sessionlib.signing import public_of
from sessionlib.stores import kind_of

CHANGES = True
EXAMPLES = (
    "colabvps-console publish",
    "colabvps-console publish --yes --json",
    "colabvps-console publish --force",
)

BLOB_TIMEOUT_S = 300.0
"""How long one piece of 8 MiB may take on a slow line."""

_SECRETS = ("*.pem", "*.key", ".env", ".env.*", "id_rsa", "id_ed25519", "*credentials*.json")


@dataclass(frozen=True, slots=True)
class PublishPlan:
    """What there is to publish, `code` None where it hasn't changed or none is named; and
    what stands in the store."""

    code: PackedArchive | None
    config: bool
    old_code: PublishedCode | None
    old_config: PublishedConfig | None


def run(
    ctx: typer.Context,
    force: Annotated[
        bool, typer.Option("--force", help="Publish new versions even if nothing has changed.")
    ] = False,
) -> None:
    """Packs the folder that `workload.code` names, without what .colabvpsignore says.
    Publishes it as a new version, with the set-up command and the fleet's settings,
    signed with the fleet's key. Sessions use it from their next warm-up on, and
    report which version of the settings they have. Where nothing has changed, nothing
    is published.
    """
    context = command_context(ctx)
    context.require_writable("publish")
    fleet = open_fleet(context.config)
    config = fleet.config
    store = TimeoutStore(fleet.store, config.timings.timeout_s, BLOB_TIMEOUT_S)
    seed = signing_seed(config, store)
    entries = _entries(config)
    with tempfile.TemporaryFile() as archive:
        packed = _pack(context.out, config, entries, archive)
        news = _plan(config, store, packed, public_of(seed), force=force)
        if news.code is None and not news.config:
            context.out.answer(f"nothing has changed since {_standing(news)}", _document(news))
            return
        context.out.ask("\n".join(_asks(config, news, entries)), yes=context.yes)
        publisher = Publisher(store, config.fleet, seed, operator_name(), fleet.clock.now().wall)
        archive.seek(0)
        code, settings = _publish(context.out, config, publisher, news, archive)
    done = PublishPlan(news.code, news.config, code or news.old_code, settings or news.old_config)
    context.out.answer(f"published: {_standing(done)}", _document(done))


def _entries(config: Config) -> list[PackEntry]:
    if config.workload.code is None:
        return []
    # With `code: .` all of these would be in the folder.
    work = config.folder / "work"
    store = kind_of(config).local_folder(config)
    return list_entries(
        config.code_folder(), [config.path, work, *([] if store is None else [store])]
    )


def _pack(
    out: Output, config: Config, entries: list[PackEntry], archive: IO[bytes]
) -> PackedArchive | None:
    if not entries:
        return None
    told = 0

    def progress(done_bytes: int) -> None:
        nonlocal told
        if done_bytes - told >= 32 * MIB:
            told = done_bytes
            out.message(f"packing: {size_text(done_bytes)}")

    return pack(config.code_folder(), entries, archive, progress)


def _plan(
    config: Config, store: Store, packed: PackedArchive | None, public: str, *, force: bool
) -> PublishPlan:
    old_code = VersionSeries(store, CODE_RECORDS, config.fleet).newest(public)
    old_config = VersionSeries(store, CONFIG_RECORDS, config.fleet).newest(public)
    code_same = (
        packed is not None
        and old_code is not None
        and (old_code.content, old_code.setup) == (packed.content, _setup(config))
        and is_stored(store, old_code.archive)
    )
    config_same = old_config is not None and old_config.digest == settings_digest(
        comparable_settings(config)
    )
    return PublishPlan(
        code=None if code_same and not force else packed,
        config=force or not config_same,
        old_code=old_code,
        old_config=old_config,
    )


def _setup(config: Config) -> tuple[str, ...]:
    return config.workload.setup or ()


def _asks(config: Config, news: PublishPlan, entries: list[PackEntry]) -> Iterator[str]:
    if news.code is not None:
        yield (
            f"Publish {config.code_folder()} as version {_next_version(news.old_code)} "
            "of the code: "
            f"{news.code.files} files, {size_text(news.code.content_bytes)}, "
            f"packed {size_text(news.code.archive.bytes)}."
        )
        if _setup(config):
            yield f"Each machine will run once: {shlex.join(_setup(config))}"
        yield from _warnings(entries)
    elif config.workload.code is None:
        yield "No workload.code is named, so no code is published."
    if news.config:
        differs = (
            "" if news.old_config is None else f" ({describe_difference(config, news.old_config)})"
        )
        yield (
            f"Publish {config.path} as version {_next_version(news.old_config)} "
            f"of the settings{differs}."
        )
    yield (
        f"Signed for fleet {config.fleet} by {operator_name()}. Whoever can read the store can "
        "read it."
    )


def _next_version(last: PublishedCode | PublishedConfig | None) -> int:
    return 1 if last is None else last.version + 1


def _warnings(entries: list[PackEntry]) -> Iterator[str]:
    names = [
        entry.path
        for entry in entries
        if any(fnmatchcase(entry.path.rpartition("/")[2], one) for one in _SECRETS)
    ]
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        yield (
            f"WARNING: {', '.join(names[:3])}{more} may hold secrets, and all who can read the "
            "store could read them: leave them out with .colabvpsignore, and use workload.secrets"
        )


def _publish(
    out: Output, config: Config, publisher: Publisher, news: PublishPlan, archive: IO[bytes]
) -> tuple[PublishedCode | None, PublishedConfig | None]:
    def progress(done_bytes: int, total_bytes: int) -> None:
        if total_bytes > MIB:
            out.message(f"uploaded {size_text(done_bytes)} of {size_text(total_bytes)}")

    try:
        code = None
        if news.code is not None:
            code = publisher.publish_code(news.code, archive, _setup(config), progress)
        settings = publisher.publish_config(config) if news.config else None
    except KeyboardInterrupt:
        raise Interrupted(
            "interrupted; run `colabvps-console publish` again, which does what is missing"
        ) from None
    return code, settings


def _standing(news: PublishPlan) -> str:
    """What is the newest, once all is done."""
    parts = []
    if news.old_code is not None:
        parts.append(f"code {news.old_code.label}")
    if news.old_config is not None:
        parts.append(f"settings v{news.old_config.version}")
    return ", ".join(parts)


def _document(done: PublishPlan) -> dict[str, Any]:
    code, settings = done.old_code, done.old_config
    return {
        "code": None
        if code is None
        else {
            "version": code.version,
            "digest": code.digest,
            "bytes": code.bytes,
            "files": code.files,
            "published": done.code is not None,
        },
        "config": None
        if settings is None
        else {
            "version": settings.version,
            "digest": settings.digest,
            "published": done.config,
        },
    }
