"""The fleet's key, made or adopted, and its public half written down."""

from __future__ import annotations

from console import credentials
from console.errors import Refused
from console.founding.steps import Step
from console.starter import write_fleet_key
from sessionlib import keeping
from sessionlib.config import Config
from sessionlib.signing import new_seed, public_of


def key_steps(config: Config) -> list[Step]:
    """What the configuration and this machine lack of it. Raises Refused."""
    try:
        seed = credentials.find_seed(config.fleet)
    except Refused:
        if config.fleet_key is None or credentials.seed_from_env() is not None:
            raise
        seed = None
    if seed is None and config.fleet_key is not None:
        return []
    if seed is not None and public_of(seed) == config.fleet_key:
        return []

    def write_public() -> str:
        kept = seed or new_seed()
        if seed is None:
            credentials.keep_seed(config.fleet, kept)
        write_fleet_key(config.path, public_of(kept))
        return f"wrote the public half of the fleet's key to {config.path}"

    where = f"a new key, kept in {keeping.place()}," if seed is None else "the key at hand"
    asks = f"Write the public half of {where} to {config.path}."
    if config.fleet_key is not None:
        asks = (
            f"WARNING: {config.where('fleet_key')} has another key's public half. It is replaced "
            "by that of the key at hand; agents that run now ignore its orders until they restart."
        )
    return [Step(asks, write_public)]
