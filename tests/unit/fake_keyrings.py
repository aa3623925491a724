"""Keyrings in memory, in place of the module: none of this machine's is ever touched."""

from __future__ import annotations

import sys
from typing import Any

import pytest


class FakeKeyring:
    """One that works."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, name: str) -> str | None:
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, password: str) -> None:
        self.kept[service, name] = password

    def delete_password(self, service: str, name: str) -> None:
        del self.kept[service, name]


class BrokenKeyring:
    """One without a back end."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("no back end, and here is your secret")


def use_keyring(monkeypatch: pytest.MonkeyPatch, keyring: object) -> None:
    monkeypatch.setitem(sys.modules, "keyring", keyring)
