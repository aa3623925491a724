"""How much of everything.

Goal: no client can make the service hold more than its bounds, be it bytes, depth, requests,
time or streams; and what it sends in vain isn't repeated to it. Method: sockets for what a
proper client wouldn't send, a service with low bounds for rates, and the pure rules.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from coordinator.access.connection_limits import close_slow_connections
from coordinator.access.rate_limits import RateLimits, rate_key
from coordinator.api.redirect import redirect_target
from coordinator.settings import ServiceSettings
from tests.coordinator.service.kit import Served, beat, registration, serving

HEARTBEAT = "/api/worker/heartbeat"
LIMIT = 16 * 1024


@pytest.fixture
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    options = ("--token-rate", "0.1", "--address-rate", "0.1", "--max-streams", "3")
    with serving(tmp_path_factory.mktemp("strict") / "coordinator.db", *options) as served:
        yield served


def raw(served: Served, head: str, *pieces: bytes) -> str:
    """What is answered to bytes; each piece is sent before anything is read."""
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as wire:
        wire.sendall(head.replace("\n", "\r\n").encode() + b"\r\n")
        try:
            for piece in pieces:
                wire.sendall(piece)
            return _answer(wire).decode()
        except OSError:  # cut off
            return ""


def _answer(wire: socket.socket) -> bytes:
    """A whole answer, which may come in several pieces."""
    said = b""
    while piece := wire.recv(65_536):
        said += piece
        before, ends, body = said.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", before)
        if ends and length is not None and len(body) >= int(length[1]):
            break
    return said


def head(served: Served, *lines: str, path: str = HEARTBEAT) -> str:
    token = served.token("primary")
    return "\n".join(
        (f"POST {path} HTTP/1.1", "host: x", f"authorization: Bearer {token}", *lines, "")
    )


def test_a_body_is_refused_by_its_announced_length(shared: Served) -> None:
    # Nothing of the body is sent: the answer can't have waited for it.
    said = raw(shared, head(shared, "content-length: 1000000000"))
    assert said.startswith("HTTP/1.1 413")
    assert '"error":"too_large"' in said


def test_a_body_of_unknown_length_is_refused_while_it_comes(shared: Served) -> None:
    piece = b"1000\r\n" + b"x" * 0x1000 + b"\r\n"
    said = raw(shared, head(shared, "transfer-encoding: chunked"), *[piece] * 6)
    assert said.startswith("HTTP/1.1 413")


def test_a_body_at_the_limit_is_taken(shared: Served) -> None:
    told = json.dumps(beat("primary", 1, more="")).replace('"more": ""', '"more": "%s"')
    body = told % ("x" * (LIMIT - len(told) + 2))
    assert len(body) == LIMIT
    with shared.client("primary") as client:
        assert client.post(HEARTBEAT, content=body).status_code == 200
        assert client.post(HEARTBEAT, content=body + " ").status_code == 413


def test_headers_are_bounded_also_while_they_come(shared: Served) -> None:
    answer = httpx.get(f"{shared.url}/healthz", headers={"x-more": "x" * (LIMIT + 1)})
    assert (answer.status_code, answer.json()["error"]) == (431, "too_large")
    endless = [b"x-%d: " % number + b"x" * 1_000 + b"\r\n" for number in range(40)]
    said = raw(shared, "GET /healthz HTTP/1.1", *endless)
    assert said.startswith("HTTP/1.1 431") or not said


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "[" * 5_000 + "]" * 5_000,
        '{"a": ' * 2_000 + "1" + "}" * 2_000,
        json.dumps(beat("primary", 1)).replace("10.5", "NaN"),
        json.dumps(beat("primary", 1)).replace("10.5", "1e999"),
        json.dumps(beat("primary", 1)).replace("10.5", '"10.5"'),
        json.dumps(beat("primary", 1)).replace('"epoch": 1', '"epoch": true'),
        json.dumps(beat("primary", 1)).replace('"epoch": 1', '"epoch": -1'),
        json.dumps(beat("primary", 2**53)),
        json.dumps(beat("primary", 1)).replace('"epoch": 1', f'"epoch": {"9" * 5_000}'),
        json.dumps(beat("primary", 1, worker_id="x" * 201)),
        json.dumps(beat("primary", 1, worker_id="two\nlines")),
        json.dumps(beat("primary", 1, worker_id="x")).replace('"x"', '"\\ud800"'),
        json.dumps(beat("primary", 1, "Not A Status")),
    ],
)
def test_a_body_that_is_none_is_answered_422(shared: Served, body: str) -> None:
    with shared.client("primary") as client:
        answer = client.post(HEARTBEAT, content=body)
    assert answer.status_code == 422
    assert answer.json()["problems"]
    assert len(answer.content) < 5_000


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://x.example",
        "//x.example",
        "https://",
        "https://user:word@x.example",
        "https://x.example?a=b",
        "https://x.example#a",
        "https://x.example/a b",
        "https://x.example\r\nset-cookie: a=b",
        "https://x.example\\@evil.example",
        "https://x.example/" + "a" * 2_000,
    ],
)
def test_an_address_is_one_that_clients_can_be_sent_to(shared: Served, url: str) -> None:
    answer = shared.post(
        "primary", "/api/worker/register", registration("primary", 1, worker_url=url)
    )
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["problems"]] == ["worker_url"]


def test_what_is_refused_is_not_repeated(shared: Served) -> None:
    secret = "hunter2-hunter2"  # noqa: S105 - what must not come back
    told = {**registration("primary", 1), "epoch": secret, "worker_url": f"x://{secret}", secret: 1}
    answer = shared.post("primary", "/api/worker/register", told)
    assert answer.status_code == 422
    assert secret not in answer.text
    assert secret not in shared.log.read_text()


def test_a_path_leads_nowhere_but_below_the_primary() -> None:
    base = "https://x.example:8443/app"
    for rest, found in (
        (b"", f"{base}/"),
        (b"a/b", f"{base}/a/b"),
        (b"/evil.example", f"{base}//evil.example"),
        (b"https://evil.example", f"{base}/https://evil.example"),
        (b"@evil.example", f"{base}/@evil.example"),
        (b"a%2Fb%20c", f"{base}/a%2Fb%20c"),
        (b"a\r\nset-cookie:b", f"{base}/a%0D%0Aset-cookie:b"),
        ("ä".encode(), f"{base}/%C3%A4"),
        (b"..", None),
        (b"a/%2e%2E/b", None),
        (b"a/.%2e", None),
        (b"a\\b", None),
        (b"%5Cevil.example", None),
    ):
        assert redirect_target(base, rest, b"") == found
    assert redirect_target(base, b"a", b"b=c&d=%20e?f") == f"{base}/a?b=c&d=%20e?f"
    assert redirect_target(base, b"a", b'b=\r\nc"<') == f"{base}/a?b=%0D%0Ac%22%3C"


def test_requests_are_counted_for_each_token_and_each_address(strict: Served) -> None:
    with strict.client("primary") as client, httpx.Client(base_url=strict.url) as nobody:
        for asker in (client, nobody):
            answers = [asker.get("/healthz") for _ in range(2)]
            assert [answer.status_code for answer in answers] == [200, 429]
            assert 1 <= int(answers[1].headers["retry-after"]) <= 10
            assert answers[1].json()["error"] == "too_many"
    # Another token has a count of its own, also from the same address.
    assert strict.get("/healthz", "backup1").status_code == 200


def test_a_bucket_fills_and_the_most_silent_makes_room() -> None:
    rates = RateLimits(rate=2.0, burst=3.0, most=2)
    assert [rates.consume("a", 0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert rates.consume("a", 0.25) == pytest.approx(0.25)
    assert rates.consume("a", 0.5) == 0.0
    assert rates.consume("a", 0.5) > 0
    # Time never goes back for it, and never fills it over the brim.
    assert rates.consume("a", 0.0) > 0
    assert [rates.consume("a", 100.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    for sender in ("b", "c", "d"):
        rates.consume(sender, 100.0)
    assert len(rates) == 2


def test_who_stands_behind_an_address() -> None:
    assert (
        rate_key("2001:db8:1:2:3:4:5:6")
        == rate_key("2001:db8:1:2::1")
        != rate_key("2001:db8:1:3::1")
    )
    assert rate_key("::ffff:192.0.2.1") == rate_key("192.0.2.1") != rate_key("192.0.2.2")
    assert rate_key("no address") == rate_key("")


def test_behind_a_proxy_the_last_address_it_wrote_counts(
    tmp_path: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("proxied") / "coordinator.db"
    with serving(place, "--behind-proxy", "--address-rate", "0.1") as served:

        def ask(forwarded: str) -> int:
            return httpx.get(
                f"{served.url}/healthz", headers={"x-forwarded-for": forwarded}
            ).status_code

        assert [ask("192.0.2.1"), ask("192.0.2.1"), ask("192.0.2.2")] == [200, 429, 200]
        # What a client writes itself stands before what the proxy adds.
        assert ask("198.51.100.7, 192.0.2.1") == 429


@dataclass
class Connection:
    waits_since_s: float | None
    aborted: bool = field(default=False)

    @property
    def transport(self) -> Connection:
        return self

    def abort(self) -> None:
        self.aborted = True


def test_a_request_that_takes_too_long_to_arrive_is_cut_off() -> None:
    async def swept() -> list[bool]:
        now_s = asyncio.get_running_loop().time()
        found = [Connection(None), Connection(now_s - 100.0), Connection(now_s + 100.0)]
        sweep = asyncio.create_task(close_slow_connections(found, ServiceSettings(arrival_s=0.02)))
        while not found[1].aborted:
            await asyncio.sleep(0)
        sweep.cancel()
        return [connection.aborted for connection in found]

    assert asyncio.run(asyncio.wait_for(swept(), 30)) == [False, True, False]
