"""One attempt to send one notice, in a process of its own, which can be killed when it hangs.

Addresses go through a pipe: everybody can read arguments. Of what the process prints, only
known words count.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import sessionlib
from sessionlib.extras import needed
from sessionlib.notices.retry_queue import DeliveryAnswer, DeliveryResult
from sessionlib.notices.wording import Notice, titled
from sessionlib.plain_text import plain
from sessionlib.records import read_object

TIMEOUT_S = 20.0
INSTALL = f"{needed('notices')}, or `pip install apprise` where the rest is there"
_LATE = DeliveryAnswer(
    DeliveryResult.FAILED, f"no answer in {TIMEOUT_S:.0f} s: it may have arrived all the same"
)
# As for the guard: nothing that lies about can come between. It ends by itself where nobody is
# left to end it.
_CODE = (
    "import signal, sys; signal.alarm(int(sys.argv[2])); sys.path.append(sys.argv[1]); "
    "from sessionlib.notices.sender_process import main; main()"
)
_SPARE_S = 5.0


def why_unavailable() -> str | None:
    """Why nothing can be sent from here, in words; None where apprise is installed."""
    if find_spec("apprise") is not None:
        return None
    return f"notices are configured, and apprise isn't installed here; it {INSTALL}"


class ProcessSender:
    """Sends from one process at a time. `stop` may be called from another thread."""

    def __init__(self, fleet: str, timeout_s: float = TIMEOUT_S) -> None:
        self._fleet = fleet
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def send(
        self,
        notice: Notice,
        urls: Sequence[str],
        heard: Callable[[int, DeliveryAnswer], None] = lambda number, answer: None,
    ) -> list[DeliveryAnswer]:
        """What became of it, for each address; `heard` is told of each as soon as it is known.
        Never raises."""
        asked = {
            "urls": list(urls),
            "title": titled(notice, self._fleet),
            "body": notice.body,
            "level": notice.level.value,
        }
        answers: dict[int, DeliveryAnswer] = {}
        late = _LATE
        try:
            for number, answer in self._request(json.dumps(asked).encode()):
                answers[number] = answer
                heard(number, answer)
        except OSError as error:
            late = DeliveryAnswer(
                DeliveryResult.FAILED, f"no process could be used for it ({error.strerror})"
            )
        return [answers.get(number, late) for number in range(len(urls))]

    def stop(self) -> None:
        """Have an attempt that is under way end now."""
        with self._lock:
            self._stopped = True
            if self._child is not None:
                self._child.kill()

    def _request(self, data: bytes) -> Iterator[tuple[int, DeliveryAnswer]]:
        """Each answer as it comes. Raises OSError."""
        with self._lock:
            if self._stopped:
                return
            self._child = child = self._started()
        end = threading.Timer(self._timeout_s, child.kill)
        end.daemon = True
        end.start()
        try:
            with child:
                assert child.stdin is not None  # noqa: S101 - opened as pipes
                assert child.stdout is not None  # noqa: S101 - as above
                child.stdin.write(data)
                child.stdin.close()
                for line in child.stdout:
                    yield from _answer(line)
        finally:
            end.cancel()
            with self._lock:
                self._child = None

    def _started(self) -> subprocess.Popen[bytes]:
        root = str(Path(sessionlib.__file__).parents[1])
        return subprocess.Popen(
            [sys.executable, "-P", "-c", _CODE, root, str(round(self._timeout_s + _SPARE_S))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={name: one for name, one in os.environ.items() if not name.startswith("COLABVPS_")},
            start_new_session=True,
        )


def _answer(line: bytes) -> Iterator[tuple[int, DeliveryAnswer]]:
    """What a line says, if it is one of ours."""
    with suppress(KeyError, TypeError, ValueError):
        body: dict[str, Any] = read_object(line)
        yield (
            int(body["number"]),
            DeliveryAnswer(DeliveryResult(body["fate"]), plain(str(body["why"]))[:100]),
        )
