"""`key rotate`: another key for the fleet."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from console.bounded_calls import TimeoutStore
from console.cli.options import CommandContext, command_context
from console.fleet.fleet import Fleet, open_fleet
from console.signing.in_force import key_state
from console.signing.rotation import Rotation, plan_rotation
from console.signing.seed_storage import NEXT_VARIABLE, VARIABLE

CHANGES = True
EXAMPLES = (
    "colabvps-console key rotate",
    "colabvps-console key rotate --yes --json",
)


def run(ctx: typer.Context) -> None:
    """Makes a new key and keeps it in the keyring. Publishes the newest code and settings
    once more under it, and has the old key name it in the store. Agents follow when they
    next read the store; nothing has to be restarted. Without a keyring it takes the new
    seed from $COLABVPS_FLEET_KEY_NEW. If it is interrupted, run it again: it goes on
    where it was, and this machine can give orders in between.
    """
    context = command_context(ctx)
    context.require_writable("key rotate")
    fleet = open_fleet(context.config)
    timeout_s = fleet.config.timings.timeout_s
    store = TimeoutStore(fleet.store, timeout_s, timeout_s)
    state = key_state(fleet.config, store)
    rotation = plan_rotation(fleet.config, store, state, fleet.clock.now().wall)
    if rotation is None:
        text = f"the key is changed: set {VARIABLE} to the new one, and unset {NEXT_VARIABLE}"
        context.out.message(text)
        _report(context, fleet, state.current, [text])
        return
    context.out.ask("\n".join(_asks(fleet, rotation, state.current)), yes=context.yes)
    did = []
    for step in rotation.steps():
        text = step.do()
        if text:
            did.append(text)
            context.out.message(text)
    _report(context, fleet, rotation.public, did)


def _asks(fleet: Fleet, rotation: Rotation, current: str) -> Iterator[str]:
    if rotation.old is None:
        yield f"Finish a change of the key that was begun: {current[:16]}… is in force already."
        return
    yield (
        f"Change the key of fleet {fleet.config.fleet} from {current[:16]}… to "
        f"{rotation.public[:16]}…."
    )
    standing = rotation.published_under_old_key()
    if standing:
        yield f"Signed with the new key, as it stands: {', '.join(standing)}."
    yield (
        "Agents that see the store follow by themselves, and ignore what the old key signs from "
        "then on, orders just given too."
    )
    yield (
        "Other operators need the new seed afterwards (`colabvps-console key show --secret`), and "
        "other machines' configurations the new fleet_key as soon as possible: all the more if "
        "the old seed may be in wrong hands."
    )


def _report(context: CommandContext, fleet: Fleet, public: str, did: list[str]) -> None:
    text = f"fleet {fleet.config.fleet} has the key {public}"
    context.out.answer(text, {"fleet": fleet.config.fleet, "fleet_key": public, "did": did})
