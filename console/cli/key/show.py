"""`key show`: which key is in force, and whether it is at hand."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from console.bounded_calls import TimeoutStore
from console.cli.options import command_context
from console.errors import Refused
from console.fleet.fleet import Fleet, open_fleet
from console.signing.in_force import KeyState, explain_missing_seed, key_state
from sessionlib.signing import public_of

# Nothing is changed, but a secret on a screen is something to be agreed to.
CHANGES = True
EXAMPLES = (
    "colabvps-console key show",
    "colabvps-console key show --json",
    "colabvps-console key show --secret",
)


def run(
    ctx: typer.Context,
    secret: Annotated[
        bool, typer.Option("--secret", help="Print the seed itself, for another operator.")
    ] = False,
) -> None:
    """Shows public halves: the configuration's, the one in force, and those of the seeds on
    this machine, each with its place. With --secret it prints the seed itself, after a
    question, on standard output's last line.
    """
    context = command_context(ctx)
    fleet = open_fleet(context.config)
    timeout_s = fleet.config.timings.timeout_s
    state = key_state(fleet.config, TimeoutStore(fleet.store, timeout_s, timeout_s))
    seed = state.seed_for(state.current)
    if secret:
        if seed is None:
            raise Refused(explain_missing_seed(fleet.config, state) if state.seeds else _NONE)
        context.out.ask(
            f"Print the secret seed of fleet {fleet.config.fleet} on this screen. Whoever has it "
            "can give orders and publish code that every session runs.",
            yes=context.yes,
        )
    if context.out.json:
        document = _document(fleet, state)
        if secret and seed is not None:
            document["secret"] = seed.value
        context.out.document(document)
        return
    for line in _lines(fleet, state):
        context.out.line(line)
    if secret and seed is not None:
        context.out.line(seed.value)


_NONE = "this machine has no seed of the fleet"


def _document(fleet: Fleet, state: KeyState) -> dict[str, Any]:
    return {
        "fleet": fleet.config.fleet,
        "fleet_key": state.pinned,
        "in_force": state.current,
        "at_hand": [
            {
                "source": seed.source,
                "public": public_of(seed.value),
                "fits": public_of(seed.value) == state.current,
            }
            for seed in state.seeds
        ],
        "refused": state.chain.refused,
    }


def _lines(fleet: Fleet, state: KeyState) -> list[str]:
    rows = [
        f"fleet       {fleet.config.fleet}",
        f"fleet_key   {state.pinned}  ({fleet.config.where('fleet_key')})",
    ]
    if state.current != state.pinned:
        rows.append(f"in force    {state.current}  (the key was changed; agents have followed)")
    for seed in state.seeds:
        public = public_of(seed.value)
        fits = "in force" if public == state.current else "not in force"
        rows.append(f"at hand     {public}  ({fits}; from {seed.source})")
    if not state.seeds:
        rows.append(f"at hand     -  ({_NONE}: it can give no orders)")
    elif state.seed_for(state.current) is None:
        rows.append(f"! {explain_missing_seed(fleet.config, state)}")
    elif state.current != state.pinned:
        rows.append(
            "! the configuration has an old key: `colabvps-console key rotate` finishes the change"
        )
    if state.chain.refused:
        rows.append(f"! {state.chain.refused}: it is not obeyed")
    return rows
