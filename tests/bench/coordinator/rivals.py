"""What the coordinator's heartbeat is compared with, each a process of its own.

`empty`: a FastAPI route that takes the same body and does nothing, under the same server.
`flask`: the origin's heartbeat as its reader would have written it: Flask, in memory. Prints
its port.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from flask import Flask, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server

from coordinator.api.request_models import HeartbeatBody


def empty() -> None:
    app = FastAPI()

    @app.post("/api/worker/heartbeat")
    async def heartbeat(body: HeartbeatBody) -> dict[str, bool]:
        return {"ok": True}

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)  # noqa: T201 - the result
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )
    uvicorn.Server(config).run([listener])


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept, as they are by the others

    def log_request(self, *_args: Any, **_more: Any) -> None:
        """A line for each request would be measured too."""


def flask() -> None:
    app = Flask(__name__)
    workers: dict[str, Any] = {}

    @app.post("/api/worker/heartbeat")
    def heartbeat() -> Any:
        told = request.get_json()
        workers[told["worker_id"]] = told
        return jsonify(status="ok")

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    print(server.server_port, flush=True)  # noqa: T201 - the result
    server.serve_forever()


if __name__ == "__main__":
    {"empty": empty, "flask": flask}[sys.argv[1]]()
