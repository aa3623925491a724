"""Running it by hand.

Goal: it listens only where that is safe, ends in order, and its commands say what they do.
Method: the command line, in this process where it ends at once, and as a process of its own.
"""

from __future__ import annotations

import datetime
import json
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from console.__main__ import main
from coordinator.admin import read_fence
from coordinator.database.database import Database
from coordinator.server import is_loopback
from coordinator.token_index import TokenIndex
from coordinator.tokens import hash_token
from tests.coordinator.service.kit import Served, beat, serving

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def run(capsys: pytest.CaptureFixture[str], db: Path, *words: str) -> tuple[int, str, str]:
    code = main(["coordinator", *words, "--db", str(db)])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])  # noqa: S104 - refused
def test_other_machines_are_served_only_with_tls_or_behind_a_proxy(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, host: str
) -> None:
    code, out, err = run(capsys, tmp_path / "c.db", "serve", "--host", host)
    assert (code, out) == (2, "")
    assert "--tls-cert" in err
    assert "--behind-proxy" in err
    assert not (tmp_path / "c.db").exists()


def test_what_is_this_machine_alone() -> None:
    hosts = ("127.0.0.1", "127.8.8.8", "::1", "localhost", "localhost.example.org", "10.0.0.1", "")
    assert [is_loopback(host) for host in hosts] == [True] * 4 + [False] * 3


def test_it_speaks_tls(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    with serving(tmp_path / "c.db", "--tls-cert", str(cert), "--tls-key", str(key)) as served:
        assert served.url.startswith("https://")
        context = ssl.create_default_context(cafile=str(cert))
        url = served.url.replace("127.0.0.1", "localhost")
        assert httpx.get(f"{url}/healthz", verify=context).json() == {"status": "ok"}


def certificate(place: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - datetime.timedelta(days=1_000))
        .not_valid_after(NOW + datetime.timedelta(days=10_000))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert = place / "cert.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    file = place / "key.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert, file


@pytest.mark.parametrize("words", [("--tls-cert", "c.pem"), ("--tls-key", "k.pem")])
def test_a_certificate_goes_with_its_key(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, ...]
) -> None:
    code, _, err = run(capsys, tmp_path / "c.db", "serve", *words)
    assert (code, "go together" in err) == (2, True)


def test_a_certificate_that_is_none_is_said_to_be_none(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ("--tls-cert", str(tmp_path / "no"), "--tls-key", str(tmp_path / "no"), "--port", "0")
    code, _, err = run(capsys, tmp_path / "c.db", "serve", *words)
    assert code == 1
    assert "certificate" in err


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, err = run(capsys, tmp_path / "c.db", "serve", "--port", port)
    assert code == 1
    assert f"port {port} can't be listened on" in err


def test_a_second_service_over_the_same_database_is_refused(
    capsys: pytest.CaptureFixture[str], shared: Served
) -> None:
    code, _, err = run(capsys, shared.db, "serve", "--port", "0")
    assert code == 1
    assert "another coordinator serves" in err


def test_what_is_under_way_is_answered_before_it_ends(served: Served) -> None:
    """A heartbeat that has begun to arrive when the signal comes."""
    host, port = served.url.removeprefix("http://").split(":")
    body = json.dumps(beat("primary", 1)).encode()
    lines = (
        "POST /api/worker/heartbeat HTTP/1.1",
        "host: x",
        f"authorization: Bearer {served.token('primary')}",
        f"content-length: {len(body)}",
        "expect: 100-continue",
        "\r\n",
    )
    with socket.create_connection((host, int(port)), timeout=30) as wire:
        wire.sendall("\r\n".join(lines).encode())
        assert wire.recv(100).startswith(b"HTTP/1.1 100")  # it is being read
        codes: list[int] = []
        ending = threading.Thread(target=lambda: codes.append(served.stop()))
        ending.start()
        while accepts(host, int(port)):
            """It listens until the signal has come."""
        wire.sendall(body)
        assert wire.recv(1_000).startswith(b"HTTP/1.1 200")
        ending.join(30)
    assert codes == [0]
    assert "Traceback" not in served.log.read_text()


def accepts(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def test_a_token_stands_alone_on_the_last_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    db = tmp_path / "c.db"
    code, out, err = run(capsys, db, "token", "create", "primary")
    assert code == 0
    token = out.removesuffix("\n")
    assert len(token) == 43  # 32 bytes
    assert "\n" not in token
    assert token not in err
    _, out, _ = run(capsys, db, "token", "create", "--operator", "--json")
    operator = json.loads(out)
    assert operator["operator"] is True
    kept = Database(str(db)).token_hashes()
    assert kept == {hash_token(token): "primary", hash_token(operator["token"]): None}
    found = TokenIndex(kept).authenticate(f"Bearer {token}".encode())
    assert found is not None
    assert found.account == "primary"


def test_tokens_are_revoked_all_of_one_owner(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    db = tmp_path / "c.db"
    for words in (("a",), ("a",), ("b",), ("--operator",)):
        assert run(capsys, db, "token", "create", *words)[0] == 0
    assert run(capsys, db, "token", "revoke", "a")[0] == 1  # nobody agreed
    assert len(Database(str(db)).token_hashes()) == 4
    code, out, _ = run(capsys, db, "token", "revoke", "a", "--yes", "--json")
    assert (code, json.loads(out)) == (0, {"account": "a", "revoked": 2})
    assert sorted(map(str, Database(str(db)).token_hashes().values())) == ["None", "b"]
    assert run(capsys, db, "token", "revoke", "a", "--yes")[0] == 1


@pytest.mark.parametrize("words", [(), ("a", "--operator"), ("Not A Name",), ("unknown!",)])
def test_a_token_is_somebodys(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, ...]
) -> None:
    assert run(capsys, tmp_path / "c.db", "token", "create", *words)[0] == 2


def test_an_epoch_is_set_with_a_warning_and_a_question(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    db = tmp_path / "c.db"
    code, _, err = run(capsys, db, "epoch", "set", "9")
    assert code == 1
    assert "Warning: " in err
    assert read_fence(str(db)).epoch == 0
    code, out, _ = run(capsys, db, "epoch", "set", "9", "--yes", "--json")
    assert (code, json.loads(out)) == (0, {"epoch": 9, "before": 0})
    assert read_fence(str(db)).epoch == 9
    code, _, err = run(capsys, db, "epoch", "set", "3")
    assert (code, "fencing" in err) == (1, True)
    assert run(capsys, db, "epoch", "set", "9")[0] == 1
    assert run(capsys, db, "epoch", "set", "-1")[0] == 2
    assert run(capsys, db, "epoch", "set", str(2**60), "--yes")[0] == 2


def test_a_database_that_can_not_be_meant(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for db, code in (
        ("sqlite://", 2),
        ("nosuchthing://x", 2),
        ("postgresql+nosuchdriver://x/y", 2),
        ("://", 2),
        (f"{tmp_path}", 1),
        (f"{tmp_path / 'file' / 'c.db'}", 1),
    ):
        (tmp_path / "file").write_text("")
        assert main(["coordinator", "token", "create", "a", "--db", db]) == code, db
    assert "Traceback" not in capsys.readouterr().err


def test_it_says_what_to_install_where_its_packages_are_missing(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['sqlalchemy'] = None; from console.__main__ import main; "
        f"sys.exit(main(['coordinator', 'token', 'create', 'a', '--db', {str(tmp_path / 'c')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert 'in the project\'s folder, `pip install ".[coordinator]"`' in done.stderr


def test_who_only_asks_for_the_headers_gets_those(served: Served) -> None:
    """Monitors ask so whether a page is up."""
    for path in ("/", "/healthz", "/page/style.css"):
        with served.client() as client:
            head, whole = client.head(path), client.get(path)
        assert head.status_code == whole.status_code == 200
        assert head.content == b""
        assert head.headers["content-type"] == whole.headers["content-type"]
    with served.client(token="nobodys") as client:  # noqa: S106 - nobody has it
        assert client.head("/api/sessions/status").status_code == 401
    with served.client("primary") as client:
        assert client.head("/api/handover").status_code == 405
