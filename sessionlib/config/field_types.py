"""The small kinds of text in a configuration, and the sentence for one that has a wrong form."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from sessionlib.layout import DRIVE_PATHS
from sessionlib.notice_urls import problem

OWN_PREFIXES = ("SESSION_", "COLABVPS_")
"""Environment variables the program itself sets or reads; a workload's settings leave them be."""


def setting_error(text: str) -> PydanticCustomError:
    """What a validator raises: a sentence for the user."""
    # The text is a template to pydantic: braces in it would be read as fields.
    return PydanticCustomError("setting", "{text}", {"text": text})


def _account_name(name: str) -> str:
    if name == "unknown":
        raise setting_error(
            '"unknown" is what a lease says when nobody can tell: choose another name'
        )
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,31}", name):
        raise setting_error(
            "an account's name is 1 to 32 of a-z, 0-9, _ and -, and starts with a letter or digit"
        )
    return name


def _fleet_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise setting_error(
            f'"{name:.70}" can\'t name a fleet: use 1 to 64 of letters, digits, ".", "_" and "-"'
        )
    return name


def _email(text: str) -> str:
    if len(text) > 254 or not re.fullmatch(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+", text):
        raise setting_error(f'"{text:.80}" is not an e-mail address: write it as name@example.com')
    return text


def _key(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise setting_error("is not the public half of a key, 64 hex digits: `init` writes it")
    return text.lower()


def _web_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or re.search(r"\s", text):
        raise setting_error(
            f'"{text:.80}" is not a web address: write it as https://host or http://host'
        )
    return text


def _word(value: object) -> object:
    # `[python, -m, http.server, 8000]` is what people write.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _kind_name(value: object) -> str:
    # Which kinds there are is told elsewhere, and what isn't text is none of them.
    return value if isinstance(value, str) else str(value)


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise setting_error("holds a NUL character: remove it")
    return text


def _command(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words or not words[0]:
        raise setting_error("is empty: write the program and its arguments, as [python, server.py]")
    return words


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise setting_error(
            f'"{name:.40}" can\'t name an environment variable: letters, digits and _'
        )
    if name.startswith(OWN_PREFIXES):
        raise setting_error(f"{name:.40} belongs to this program: choose another name")
    return name


def _drive_id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{10,128}", text):
        raise setting_error(
            f'"{text:.80}" is no id of Google Drive: it is what follows folders/ in the '
            "folder's web address"
        )
    return text


def _drive_path(text: str) -> str:
    if text not in DRIVE_PATHS:
        raise setting_error(
            f'"{text:.40}" is not in the tree that `init` makes: remove it, or run `init` again'
        )
    return text


def _some_path(text: str) -> str:
    if not text.strip() or "\0" in text:
        raise setting_error("is empty: write a path")
    return text


def _inner_path(text: str) -> str:
    path = PurePosixPath(_some_path(text))
    if path.is_absolute() or ".." in path.parts or path == PurePosixPath():
        raise setting_error(
            f'"{text:.80}" leaves the account\'s work folder: write a folder inside it'
        )
    return text


def _notice_url(url: SecretStr) -> SecretStr:
    # Said without the address: an error ends up in a terminal, or in somebody's bug report.
    wrong = problem(url.get_secret_value())
    if wrong is not None:
        raise setting_error(wrong)
    return url


AccountName = Annotated[str, AfterValidator(_account_name)]
FleetName = Annotated[str, AfterValidator(_fleet_name)]
Email = Annotated[str, AfterValidator(_email)]
PublicKey = Annotated[str, AfterValidator(_key)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
NoticeUrl = Annotated[SecretStr, AfterValidator(_notice_url)]
DriveId = Annotated[str, AfterValidator(_drive_id)]
DrivePath = Annotated[str, AfterValidator(_drive_path)]
SomePath = Annotated[str, AfterValidator(_some_path)]
InnerPath = Annotated[str, AfterValidator(_inner_path)]
Variable = Annotated[str, AfterValidator(_variable)]
Word = Annotated[str, BeforeValidator(_word), AfterValidator(_no_nul)]
KindName = Annotated[str, BeforeValidator(_kind_name)]
"""Checked against the kinds that there are when a whole file is read."""
Command = Annotated[tuple[Word, ...], Field(strict=False), AfterValidator(_command)]
Count = Annotated[int, Field(ge=1, le=10_000)]
