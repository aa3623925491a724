"""Goal: a secret is where the environment says, whole, readable to nobody else, and in no message.

Method: real files; keyrings in memory in place of the module.
"""

from __future__ import annotations

import json
import stat
from pathlib import Path

import platformdirs
import pytest

from sessionlib import secret_storage
from sessionlib.secret_storage import SecretStorageError
from tests.unit.fake_keyrings import BrokenKeyring, FakeKeyring, use_keyring

SECRET = "s3cret" * 8
ENTRY = "google:my fleet/..:primary"


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    monkeypatch.delenv(secret_storage.VARIABLE, raising=False)
    keyring = FakeKeyring()
    use_keyring(monkeypatch, keyring)
    return keyring


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """There is a passphrase, and a keyring that must not be asked."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv(secret_storage.VARIABLE, "open sesame")
    use_keyring(monkeypatch, BrokenKeyring())
    return tmp_path / "colabvps" / "secrets"


def test_the_keyring_keeps_and_forgets(keyring: FakeKeyring) -> None:
    assert secret_storage.find(ENTRY) is None
    secret_storage.delete(ENTRY)
    secret_storage.save(ENTRY, "old")
    secret_storage.save(ENTRY, SECRET)
    assert keyring.kept == {(secret_storage.SERVICE, ENTRY): SECRET}
    assert secret_storage.find(ENTRY) == SECRET
    secret_storage.delete(ENTRY)
    assert keyring.kept == {}
    secret_storage.check()
    assert keyring.kept == {}


def test_without_a_keyring_the_passphrase_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(secret_storage.VARIABLE, raising=False)
    use_keyring(monkeypatch, BrokenKeyring())
    with pytest.raises(SecretStorageError, match=secret_storage.VARIABLE) as raised:
        secret_storage.find(ENTRY)
    assert "here is your secret" not in str(raised.value)
    assert raised.value.__cause__ is None
    with pytest.raises(SecretStorageError):
        secret_storage.check()


def test_a_keyring_that_keeps_nothing_is_found_out(
    keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "set_password", lambda *_: None)
    with pytest.raises(SecretStorageError):
        secret_storage.check()


def test_a_file_holds_nothing_that_can_be_read_and_is_its_owners(files: Path) -> None:
    assert secret_storage.find(ENTRY) is None
    secret_storage.save(ENTRY, "old")
    secret_storage.save(ENTRY, SECRET)
    (path,) = files.iterdir()
    assert SECRET not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(files.stat().st_mode) == 0o700
    assert secret_storage.find(ENTRY) == SECRET
    secret_storage.delete(ENTRY)
    secret_storage.delete(ENTRY)
    assert list(files.iterdir()) == []
    secret_storage.check()
    assert list(files.iterdir()) == []


def test_the_same_secret_is_never_sealed_the_same_way(files: Path) -> None:
    sealed = []
    for _ in range(2):
        secret_storage.save(ENTRY, SECRET)
        sealed.append(json.loads(secret_storage.file_of(ENTRY).read_text()))
    assert all(sealed[0][name] != sealed[1][name] for name in ("salt", "nonce", "sealed"))


def test_another_passphrase_and_another_entrys_file_open_nothing(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret_storage.save(ENTRY, SECRET)
    secret_storage.file_of(ENTRY).rename(secret_storage.file_of("google:my-fleet:backup1"))
    with pytest.raises(SecretStorageError, match="changed by hand"):
        secret_storage.find("google:my-fleet:backup1")
    secret_storage.save(ENTRY, SECRET)
    monkeypatch.setenv(secret_storage.VARIABLE, "open barley")
    with pytest.raises(SecretStorageError, match="isn't the passphrase"):
        secret_storage.find(ENTRY)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"schema": 2}', '{"schema": 1}', "[" * 9999]
)
def test_a_file_of_another_form_is_told(files: Path, text: str) -> None:
    files.mkdir(parents=True)
    secret_storage.file_of(ENTRY).write_text(text)
    with pytest.raises(SecretStorageError, match=r"another version|isn't a secret"):
        secret_storage.find(ENTRY)


def test_a_folder_that_cant_be_made_is_told(files: Path) -> None:
    files.parent.parent.joinpath("colabvps").write_text("in the way")
    with pytest.raises(SecretStorageError, match="can't be written"):
        secret_storage.save(ENTRY, SECRET)


def test_the_files_lie_beside_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for set_to in (None, "/elsewhere", "relative"):
        if set_to is None:
            monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
        else:
            monkeypatch.setenv("XDG_CONFIG_HOME", set_to)
        assert secret_storage.folder().is_absolute()
        if set_to != "relative":
            ours = Path(platformdirs.user_config_dir("colabvps", appauthor=False))
            assert secret_storage.folder() == ours / "secrets"
