"""Goal: a request leaves once, within its time, and only to where it may. Method: a server on a
socket that counts what arrives and answers as it is told, or not at all."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from sessionlib.clock import SystemClock
from sessionlib.errors import ConfigError
from sessionlib.stores.drive.responses import NoResponse, NotSent
from sessionlib.stores.drive.transport import OnceHttp, checked_base, redirected

Reply = Callable[[bytes], bytes | None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Reads requests without a body, and answers each with what `reply` makes of it; None hangs
    up. The connection stays open, unless the answer says otherwise."""

    def __init__(self, reply: Reply) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.reply = reply
        self.requests: list[bytes] = []
        self.hung_up = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self._talk(connection)
            self.hung_up.set()

    def _talk(self, connection: socket.socket) -> None:
        while request := connection.recv(65536):
            self.requests.append(request)
            answer = self.reply(request)
            if answer is None:
                return
            connection.sendall(answer)
            if b"hang up" in answer:
                return


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(lambda _: OK)
    yield made
    made.close()


def http(left_s: float = 5.0) -> OnceHttp:
    return OnceHttp(lambda: left_s, proxied=False)


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "PATCH", "DELETE"])
def test_a_request_whose_connection_drops_is_not_sent_again(server: Server, method: str) -> None:
    server.reply = lambda _: None
    with pytest.raises(NoResponse):
        http().request(server.base, method)
    assert len(server.requests) == 1


def test_half_an_answer_is_no_answer(server: Server) -> None:
    server.reply = lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhang up"
    with pytest.raises(NoResponse):
        http().request(server.base, "PUT")
    assert len(server.requests) == 1


def test_a_redirect_is_not_followed_with_the_token_in_hand(server: Server) -> None:
    server.reply = lambda _: (
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    )
    response, _ = http().request(server.base, "GET")
    assert response.status == 302
    assert len(server.requests) == 1


def test_a_connection_closed_while_it_was_idle_costs_no_request(server: Server) -> None:
    closes = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nhang up"
    server.reply = lambda _: closes
    client = http()
    for _ in range(3):
        server.hung_up.clear()
        assert client.request(server.base, "PUT")[1] == b"hang up"
        assert server.hung_up.wait(5)
    assert len(server.requests) == 3


def test_the_wait_for_an_answer_ends_with_the_callers_time(server: Server) -> None:
    never = threading.Event()

    def hang(_: bytes) -> None:
        never.wait(20)

    server.reply = hang
    before = SystemClock().now()
    with pytest.raises(NoResponse, match="timed out"):
        http(0.2).request(server.base, "PUT")
    assert SystemClock().now().since(before) < 10
    never.set()


def test_nothing_leaves_where_no_time_is_left_or_nobody_listens(server: Server) -> None:
    with pytest.raises(NotSent, match="no time"):
        http(0).request(server.base, "PUT")
    server.close()
    with pytest.raises(NotSent, match="can't be reached"):
        http().request("http://127.0.0.1:1/", "PUT")
    assert server.requests == []


def test_what_comes_compressed_is_unpacked(server: Server) -> None:
    packed = gzip.compress(b"hello" * 100)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    server.reply = lambda _: head.encode() + packed
    assert http().request(server.base, "GET")[1] == b"hello" * 100
    server.reply = lambda _: head.encode() + b"x" * len(packed)
    with pytest.raises(NoResponse, match="unpacked"):
        http().request(server.base, "GET")


@pytest.mark.parametrize(
    "base", ["http://127.0.0.1:8080", "http://[::1]:8080/", "http://127.9.9.9:1"]
)
def test_an_emulator_is_on_this_machine(base: str) -> None:
    assert checked_base(base) == base.rstrip("/")


@pytest.mark.parametrize(
    "base",
    [
        "https://127.0.0.1:8080",
        "http://127.0.0.1",
        "http://localhost:8080",
        "http://192.168.0.1:8080",
        "http://127.0.0.1.example.com:80",
        "http://127.0.0.1@example.com:80",
        "http://127.0.0.1:8080/x",
        "http://127.0.0.1:port",
        "",
    ],
)
def test_no_other_address_stands_in_for_google(base: str) -> None:
    with pytest.raises(ConfigError, match="emulator"):
        checked_base(base)


def test_only_googles_hosts_are_redirected_and_nothing_else_is_asked() -> None:
    base = "http://127.0.0.1:8080"
    drive = "https://www.googleapis.com/upload/drive/v2/files?a=b"
    assert redirected(drive, base) == f"{base}/upload/drive/v2/files?a=b"
    assert redirected("https://oauth2.googleapis.com/token", base) == f"{base}/token"
    assert redirected(f"{base}/x", base) == f"{base}/x"
    assert redirected(drive, None) == drive
    with pytest.raises(NotSent, match="is not asked"):
        redirected("https://example.com/", base)
