"""wrk, told what to send, and what it measured.

Decided here: heartbeats of many accounts in turn, each with its own token; only answers of
2xx count. At a given rate each connection waits between requests for a time drawn at random.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sessionlib.errors import ColabvpsError

CONNECTIONS = 256

_SCRIPT = """\
local tokens = {}
for line in io.lines(%(tokens)s) do tokens[#tokens + 1] = line end
local requests, at = {}, 0
local pause_ms = %(pause_ms)f

init = function(args)
  for n, token in ipairs(tokens) do
    local account = string.format("account-%%d", n - 1)
    local body = '{"worker_id": "' .. account .. '-1", "account": "' .. account ..
      '", "epoch": 1, "status": "standby", "session_remaining": 7.25, ' ..
      '"timestamp": "2026-01-01T00:00:00.000+00:00"}'
    requests[n] = wrk.format("POST", "/api/worker/heartbeat",
      {["authorization"] = "Bearer " .. token, ["content-type"] = "application/json"}, body)
  end
end

request = function()
  at = at %% #requests + 1
  return requests[at]
end

if pause_ms > 0 then
  delay = function() return math.floor(-pause_ms * math.log(1 - math.random()) + 0.5) end
end

done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"good": %%d, "bad": %%d, "seconds": %%f, "mean_ms": %%f, "p50_ms": %%f, ' ..
    '"p99_ms": %%f}\\n',
    summary.requests - errors.status,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6, latency.mean / 1e3,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


class WrkMissing(ColabvpsError):
    """The program that makes the load isn't installed."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of wrk."""

    rate: float
    bad: int
    mean_ms: float
    p50_ms: float
    p99_ms: float


def need_wrk() -> str:
    """Its path. Raises WrkMissing."""
    found = shutil.which("wrk")
    if found is None:
        raise WrkMissing("wrk is missing, which makes the load: apt-get install wrk")
    return found


def load(port: int, tokens: Path, seconds: float, *, pause_ms: float = 0.0) -> Measured:
    """Send heartbeats for a while, as many as go or with pauses of this mean between them."""
    script = tokens.with_suffix(".lua")
    script.write_text(_SCRIPT % {"tokens": json.dumps(str(tokens)), "pause_ms": pause_ms})
    words = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "-s", str(script)]
    done = subprocess.run(
        [need_wrk(), *words, f"http://127.0.0.1:{port}"],
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout.strip().splitlines()[-1])
    rate = said["good"] / said["seconds"]
    return Measured(rate, said["bad"], said["mean_ms"], said["p50_ms"], said["p99_ms"])
