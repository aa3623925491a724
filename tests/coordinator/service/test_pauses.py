"""Goal: no answer waits for Python's own housekeeping. Method: a service that tells what its
collector would look at, and for how long that holds everything up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_TELLS = """
import gc, json, os, signal, sys
from console.cli.coordinator import serve as command  # all that the real one has loaded
from coordinator import server

def listening(url):
    watched = len(gc.get_objects())
    print(json.dumps({"watched": watched, "loaded": watched + gc.get_freeze_count()}), flush=True)
    os.kill(os.getpid(), signal.SIGTERM)

server.serve(sys.argv[1], server.ServerOptions(port=0), listening)
"""


def test_what_is_loaded_once_isnt_looked_at_again_and_again(tmp_path: Path) -> None:
    """All of it was looked at about once a second under load, and for 50 ms nobody answered."""
    told = subprocess.run(
        [sys.executable, "-c", _TELLS, str(tmp_path / "c.db")],
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
    )
    found = json.loads(told.stdout)
    assert found["loaded"] > 50_000
    assert found["watched"] < found["loaded"] / 20
