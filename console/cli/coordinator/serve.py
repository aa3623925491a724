"""`coordinator serve`: the service itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli.coordinator.common import DbOption, database, service_packages
from console.cli.options import command_context

CHANGES = True
EXAMPLES = (
    "colabvps-console coordinator serve",
    "colabvps-console coordinator serve --port 8750 --db /var/lib/coordinator.db --public-primary",
    "colabvps-console coordinator serve --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem",
    "colabvps-console coordinator serve --host 0.0.0.0 --behind-proxy",
)


def run(  # noqa: PLR0913, PLR0917 - one parameter for each option
    ctx: typer.Context,
    host: Annotated[
        str, typer.Option("--host", metavar="H", help="The address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option("--port", metavar="P", min=0, max=65_535, help="0 is any that is free."),
    ] = 8750,
    db: DbOption = None,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", metavar="FILE", help="Certificates, PEM.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", metavar="FILE", help="Their key, PEM.")
    ] = None,
    behind_proxy: Annotated[
        bool,
        typer.Option(
            "--behind-proxy",
            help="A proxy of yours speaks TLS in front, and says who asks in X-Forwarded-For.",
        ),
    ] = False,
    public_primary: Annotated[
        bool,
        typer.Option("--public-primary", help="/api/primary and /go/ need no token."),
    ] = False,
    public_metrics: Annotated[
        bool, typer.Option("--public-metrics", help="/metrics needs no token.")
    ] = False,
    lost_after: Annotated[
        float,
        typer.Option("--lost-after", metavar="S", min=0.1, help="Seconds without a heartbeat."),
    ] = 45.0,
    max_body: Annotated[
        int, typer.Option("--max-body", metavar="BYTES", min=1_024, help="Of a request.")
    ] = 16_384,
    token_rate: Annotated[
        float,
        typer.Option(
            "--token-rate", metavar="RATE", min=0.1, help="Requests a second with one token."
        ),
    ] = 20.0,
    address_rate: Annotated[
        float,
        typer.Option(
            "--address-rate", metavar="RATE", min=0.1, help="And from one address without a token."
        ),
    ] = 20.0,
    max_streams: Annotated[
        int,
        typer.Option("--max-streams", metavar="N", min=1, help="Open streams of events, in all."),
    ] = 2_000,
) -> None:
    """What was answered is on disk, and after any end it goes on from there. The database
    is made if there is none; one process serves from it. Other addresses than this
    machine's own are listened on only with TLS or behind a proxy. Agents find it by
    `coordinator: {url: ...}` in the configuration and a token each
    ($COLABVPS_COORDINATOR_TOKEN; `coordinator token create`). With --json the URL is
    printed once it is listened on.
    """
    context = command_context(ctx)
    context.require_writable("coordinator serve")
    with service_packages():
        from coordinator import server  # noqa: PLC0415 - loaded only here
        from coordinator.settings import ServiceSettings  # noqa: PLC0415 - loaded only here
    settings = ServiceSettings(
        silence_s=lost_after,
        public_primary=public_primary,
        public_metrics=public_metrics,
        behind_proxy=behind_proxy,
        max_body_bytes=max_body,
        token_rate=token_rate,
        token_burst=max(1.0, token_rate * _BURST_S),
        address_rate=address_rate,
        address_burst=max(1.0, address_rate * _BURST_S),
        max_streams=max_streams,
    )
    place = server.ServerOptions(host, port, tls_cert, tls_key, settings)
    where = database(db)

    def listening(url: str) -> None:
        context.out.answer(f"The coordinator listens at {url}", {"url": url, "db": where})
        context.out.message(f"Its database is {where}. Ctrl-C ends it.")

    server.serve(where, place, listening)
    context.out.message("The coordinator has ended.")


_BURST_S = 5.0
"""So many seconds' worth may come at once."""
