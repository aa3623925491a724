"""Signing in with a browser on this machine, which Google sends back to us."""

# We listen on the loopback address, on a port of the moment, until the answer to this very question
# has come. Whatever else asks there is turned away. Nothing of it is logged: the address holds the
# answer's code.

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from console.errors import Refused
from console.setup.google.consent import ConsentRequest
from console.setup.google.oauth_client import OAuthClient
from console.setup.google.redirect import ForeignRedirect, extract_code

ANSWER_S = 600.0
IDLE_S = 10.0
"""How long one connection may be silent; browsers open some that they don't use."""
PAGE = (
    "<!doctype html><meta charset=utf-8><title>colabvps</title>"
    "<p>Google has answered. How it went stands in the terminal; this page can be closed."
)


def sign_in_with_browser(
    client: OAuthClient, email: str | None, base: str | None, message: Callable[[str], None]
) -> str:
    """The lasting token, once a person has answered in a browser. Raises Refused."""
    with Loopback() as loopback:
        consent = ConsentRequest(client, loopback.address, email, base)
        loopback.state = consent.state
        message("Google asks in the browser. If none opens, open this address on this machine:")
        message(consent.url)
        open_browser(consent.url)
        return consent.redeem(loopback.wait(ANSWER_S))


class Loopback:
    """A web server for one visit."""

    def __init__(self) -> None:
        self.state = ""
        self._answers: queue.Queue[str] = queue.Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._is_taken))
        self._server.daemon_threads = True

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/"

    def wait(self, seconds: float) -> str:
        """The address that the browser came with. Raises Refused."""
        try:
            return self._answers.get(timeout=seconds)
        except queue.Empty:
            raise Refused(
                f"no answer came from a browser within {seconds / 60:.0f} minutes: run this again, "
                "on a machine without one with --no-browser"
            ) from None

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _is_taken(self, address: str) -> bool:
        try:
            extract_code(address, self.state)
        except ForeignRedirect:
            return False
        except Refused:
            pass  # an answer all the same, which the waiting side reads again
        self._answers.put(address)
        return True


def _handler(is_taken: Callable[[str], bool]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = IDLE_S

        def do_GET(self) -> None:
            is_ours = is_taken(self.path)
            body = PAGE.encode() if is_ours else b"nothing is here"
            self.send_response(200 if is_ours else 404)
            self.send_header("Content-Type", f"text/{'html' if is_ours else 'plain'}")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: Any) -> None:
            """Nothing: it would be the address."""

    return Handler


def open_browser(url: str) -> None:
    """Open a browser, if there is one, and go on.

    In a process of its own: browsers talk on standard output, which is ours, and some end
    only when they are closed. Isolated, so that no file in this folder is taken for Python's.
    """
    with suppress(OSError):
        subprocess.Popen(
            [sys.executable, "-I", "-m", "webbrowser", url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
