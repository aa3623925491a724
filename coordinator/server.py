"""The process: where it listens, how it begins and how it ends.

It listens on other addresses than this machine's own only with TLS or behind a proxy. It logs
nothing of a request, and answers what is under way before it ends.
"""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import resource
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from coordinator.access.connection_limits import bounded_protocol, close_slow_connections
from coordinator.app import CoordinatorApp
from coordinator.database.database import Database
from coordinator.database.engine import server_lock
from coordinator.errors import ServerStartFailed
from coordinator.settings import ServiceSettings
from sessionlib.clock import SystemClock
from sessionlib.errors import ConfigError

GRACE_S = 10
_KEEP_ALIVE_S = 75
_SWITCH_S = 0.0005
"""After so long a busy thread lets another go on. The database's asks for that several times in
every commit, and Python's own 5 ms would be most of what an answer takes."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Where to listen. Port 0 is any that is free."""

    host: str = "127.0.0.1"
    port: int = 8750
    tls_cert: Path | None = None
    tls_key: Path | None = None
    settings: ServiceSettings = field(default_factory=ServiceSettings)

    @property
    def scheme(self) -> str:
        return "http" if self.tls_cert is None else "https"


def require_safe_address(place: ServerOptions) -> None:
    """Return if it is safe to listen there. Raises ConfigError."""
    if (place.tls_cert is None) is not (place.tls_key is None):
        raise ConfigError(["--tls-cert and --tls-key go together: name both"])
    if place.tls_cert is None and not place.settings.behind_proxy and not is_loopback(place.host):
        problem = (
            f"--host {place.host} can be reached from other machines, where tokens would go over "
            "the wire in the clear: give --tls-cert and --tls-key, or --behind-proxy if a proxy in "
            "front of it speaks TLS"
        )
        raise ConfigError([problem])


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address. A name may come to mean anything."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve(db: str, place: ServerOptions, on_listening: Callable[[str], None]) -> None:
    """Serve until a signal ends it; `listening` is told the URL once requests are taken.

    Raises ConfigError, DatabaseUnusable, NotServing.
    """
    require_safe_address(place)
    with server_lock(db):
        database = Database(db)
        try:
            service = CoordinatorApp(database, place.settings, SystemClock())
            sockets = _listen(place)
            config = _config(service, place)
            server = _Server(config, service, place, lambda: on_listening(_url(place, sockets)))
            # uvicorn raises what ended it once more when all is done: that is the end we meant.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: None)
            _raise_file_limit(2 * place.settings.max_connections)
            sys.setswitchinterval(_SWITCH_S)
            server.run([sockets])
        finally:
            database.close()


class _Server(uvicorn.Server):
    """uvicorn's, that says when it listens and ends the streams before it waits for them."""

    def __init__(
        self,
        config: uvicorn.Config,
        service: CoordinatorApp,
        place: ServerOptions,
        listening: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._bell = service.broadcast
        self._settings = place.settings
        self._listening = listening
        self._sweeping: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            sweep = close_slow_connections(self.server_state.connections, self._settings)
            self._sweeping = asyncio.create_task(sweep)
            _freeze_garbage_collector()
            self._listening()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._bell.close()
        await super().shutdown(sockets)


def _config(service: CoordinatorApp, place: ServerOptions) -> uvicorn.Config:
    config = uvicorn.Config(
        service.app,
        loop="uvloop",
        http=bounded_protocol(place.settings),
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="error",  # what others send that can't be read is no news
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=place.tls_cert,
        ssl_keyfile=place.tls_key,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise ServerStartFailed(f"the certificate or its key can't be used ({error})") from None
    return config


def _freeze_garbage_collector() -> None:
    """Have the collector never again look at what stays until the end: all that was imported.
    It did, once a second under load, and nobody was answered for the 50 ms that this took.
    """
    gc.collect()
    gc.freeze()


def _raise_file_limit(count: int) -> None:
    """Let this process have so many files and connections open, or as many as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if most > soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _listen(place: ServerOptions) -> socket.socket:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((place.host, place.port))
        listener.set_inheritable(False)
    except OSError as error:
        listener.close()
        raise ServerStartFailed(
            f"{place.host} port {place.port} can't be listened on ({error.strerror or error}): "
            "give another --host or --port"
        ) from None
    return listener


def _url(place: ServerOptions, listener: socket.socket) -> str:
    host = f"[{place.host}]" if ":" in place.host else place.host
    return f"{place.scheme}://{host}:{listener.getsockname()[1]}"
