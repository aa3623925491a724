"""Goal: a secret is found where it may be, told when it is missing, and never shown."""

from __future__ import annotations

import sys

import pytest

from sessionlib.errors import ConfigError
from sessionlib.secret_env import find_secrets
from tests.unit.fake_keyrings import BrokenKeyring, FakeKeyring, use_keyring


def test_the_environment_comes_before_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = FakeKeyring()
    keyring.kept["colabvps", "secret:my-fleet:ONE"] = "kept"
    keyring.kept["colabvps", "secret:my-fleet:TWO"] = "kept too"
    keyring.kept["colabvps", "secret:other:THREE"] = "another fleet's"
    use_keyring(monkeypatch, keyring)
    found = find_secrets(["ONE", "TWO"], "my-fleet", {"ONE": "set", "TWO": ""})
    assert found == {"ONE": "set", "TWO": "kept too"}
    with pytest.raises(ConfigError, match="THREE has no value here"):
        find_secrets(["THREE"], "my-fleet", {})


def test_what_is_missing_is_told_all_at_once_with_both_fixes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_keyring(monkeypatch, BrokenKeyring())
    with pytest.raises(ConfigError) as caught:
        find_secrets(["ONE", "TWO", "HAVE"], "my-fleet", {"HAVE": "hidden-word"})
    assert len(caught.value.problems) == 2
    assert "set the variable ONE where the agent is started" in str(caught.value)
    assert "`keyring set colabvps secret:my-fleet:TWO`" in str(caught.value)
    assert "here is your secret" not in str(caught.value)
    assert "hidden-word" not in str(caught.value)


def test_a_machine_without_keyring_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert find_secrets(["ONE"], "my-fleet", {"ONE": "1"}) == {"ONE": "1"}
    assert find_secrets([], "my-fleet", {}) == {}
    with pytest.raises(ConfigError, match="ONE has no value here"):
        find_secrets(["ONE"], "my-fleet", {})
