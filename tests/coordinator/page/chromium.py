"""Debian's chromium, without a window, driven by what it has for that itself.

Decided here: that it is spoken to in its own protocol over a pipe, so that no driver has to
fit the chromium that the system has, no port is open, and nothing is downloaded; that each
page has a profile of its own; and what of a page counts as a complaint.
"""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sessionlib.clock import SystemClock, sleep
from tests.needs import needs

ANSWER_WITHIN_S = 30.0
Json = dict[str, Any]
_ON_PIPES = 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null'
"""It reads commands from 3 and answers on 4."""
_SWITCHES = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # a container's is small
    # Nothing of its own on the network: what is asked for is asked for by a page.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-proxy-server",
    "--lang=en",
)

_HURRY = """
{
  const later = setTimeout, timeout = AbortSignal.timeout;
  window.setTimeout = (call, ms, ...more) => later(call, ms / %(times)g, ...more);
  AbortSignal.timeout = (ms) => timeout.call(AbortSignal, ms / %(times)g);
}
"""


class Browser:
    """One chromium; `pages` of it know nothing of each other."""

    def __init__(self, profile: Path) -> None:
        program = needs("chromium", "chromium")
        switches = [*_SWITCHES, f"--user-data-dir={profile}"]
        if os.geteuid() == 0:
            switches.append("--no-sandbox")  # which it can't make for root
        self._process = subprocess.Popen(
            ["sh", "-c", _ON_PIPES, "sh", program, *switches],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(profile / "chromium.log").open("wb"),
            env={**os.environ, "HOME": str(profile)},
            start_new_session=True,
        )
        self._number = 0
        self._unread = b""
        self.pages: dict[str, Page] = {}

    def close(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def call(self, method: str, session: str | None = None, **params: Any) -> Json:
        """Have one command done; what happens meanwhile is kept for its page."""
        self._number += 1
        number = self._number
        message: Json = {"id": number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\0")
        self._process.stdin.flush()
        while True:
            heard = self.hear()
            if heard.get("id") == number:
                assert "error" not in heard, f"{method}: {heard['error']['message']}"
                result: Json = heard["result"]
                return result

    def hear(self) -> Json:
        """The next message of any kind."""
        out = self._process.stdout
        assert out is not None
        while b"\0" not in self._unread:
            ready, _, _ = select.select([out], [], [], ANSWER_WITHIN_S)
            assert ready, "chromium says nothing"
            piece = os.read(out.fileno(), 1 << 16)
            assert piece, "chromium has ended"
            self._unread += piece
        line, _, self._unread = self._unread.partition(b"\0")
        heard: Json = json.loads(line)
        page = self.pages.get(heard.get("sessionId", ""))
        if page is not None and "method" in heard:
            page.happened.append(heard)
        return heard

    @contextmanager
    def page(
        self, width: int, height: int, *, scheme: str = "light", scripts: bool = True
    ) -> Iterator[Page]:
        """An empty page of that size for somebody who likes it `dark` or `light`."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        page = Page(self, attached["sessionId"])
        self.pages[page.session] = page
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        page.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        wish = {"name": "prefers-color-scheme", "value": scheme}
        page.call("Emulation.setEmulatedMedia", features=[wish])
        page.call("Emulation.setTimezoneOverride", timezoneId="Asia/Tokyo")
        page.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        try:
            yield page
        finally:
            del self.pages[page.session]
            self.call("Target.disposeBrowserContext", browserContextId=context)


@dataclass
class Page:
    """One page, and all that has happened in it."""

    browser: Browser
    session: str
    happened: list[Json] = field(default_factory=list)

    def call(self, method: str, **params: Any) -> Json:
        return self.browser.call(method, self.session, **params)

    def open(self, url: str) -> None:
        """Go there, and wait until all of it is loaded."""
        before = self.loads()
        failed = self.call("Page.navigate", url=url).get("errorText")
        assert failed is None, f"{url}: {failed}"
        while self.loads() == before:
            self.browser.hear()

    def hurry(self, times: float) -> None:
        """Let time-outs of what is opened from now on pass so many times faster."""
        self.call("Page.addScriptToEvaluateOnNewDocument", source=_HURRY % {"times": times})

    def tell(self, expression: str) -> Any:
        """What an expression in the page's own language comes to."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def text(self, selector: str = "body") -> str:
        """What stands there to be read, as it is laid out."""
        found = self.tell(f"document.querySelector({json.dumps(selector)})?.innerText")
        return found or ""

    def until(self, expression: str, within_s: float = ANSWER_WITHIN_S) -> None:
        """Wait until it is true."""
        clock = SystemClock()
        began = clock.now()
        while not self.tell(expression):
            waited_s = clock.now().since(began)
            assert waited_s < within_s, f"never came true: {expression}; it shows:\n{self.text()}"
            sleep(0.05)

    def asked_for(self) -> list[str]:
        """The address of everything that it has asked for."""
        return [one["request"]["url"] for one in self._of("Network.requestWillBeSent")]

    def loads(self) -> int:
        """How often a document was loaded."""
        return len(self._of("Page.loadEventFired"))

    def complaints(self) -> list[str]:
        """What its console shows: errors, warnings, and what its policy has forbidden."""
        found = [one["exceptionDetails"]["text"] for one in self._of("Runtime.exceptionThrown")]
        found += [one["entry"]["text"] for one in self._of("Log.entryAdded")]
        found += [json.dumps(one["args"]) for one in self._of("Runtime.consoleAPICalled")]
        return found

    def state(self, path: Path) -> None:
        """Keep what it looks like, as a PNG."""
        taken = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(taken["data"]))

    def _of(self, method: str) -> list[Json]:
        return [one["params"] for one in self.happened if one["method"] == method]
