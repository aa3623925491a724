"""The fleet's key, made or adopted, and its public half written down.

A public half in the configuration is never replaced: running agents obey nobody else.
"""

from __future__ import annotations

from console.config_file import write_fleet_key
from console.errors import Refused
from console.setup.founding.steps import SetupStep
from console.signing import seed_storage
from sessionlib import secret_storage
from sessionlib.config import Config
from sessionlib.signing import new_seed, public_of


def key_steps(config: Config) -> list[SetupStep]:
    """What the configuration and this machine lack of it. Raises Refused, also where the
    configuration has the public half of a key that isn't at hand while another one is."""
    try:
        seed = seed_storage.find_seed(config.fleet)
    except Refused:
        if config.fleet_key is None or seed_storage.seed_from_env() is not None:
            raise
        seed = None
    if config.fleet_key is not None:
        if seed is not None:
            _check_fits(config, config.fleet_key)
        return []

    def write_public() -> str:
        kept = seed or new_seed()
        if seed is None:
            seed_storage.keep_seed(config.fleet, kept)
        write_fleet_key(config.path, public_of(kept))
        return f"wrote the public half of the fleet's key to {config.path}"

    where = (
        f"a new key, kept in {secret_storage.describe_storage()},"
        if seed is None
        else "the key at hand"
    )
    asks = f"Write the public half of {where} to {config.path}."
    return [SetupStep(asks, write_public)]


def _check_fits(config: Config, public: str) -> None:
    """Return where one of the seeds at hand is that of the file's key. Raises Refused."""
    seeds = seed_storage.seeds_at_hand(config.fleet)
    if any(public_of(seed.value) == public for seed in seeds):
        return
    first = seeds[0]
    keep = "take it out of there" if first.kept_in_keyring else f"unset {seed_storage.VARIABLE}"
    raise Refused(
        f"{config.where('fleet_key')} has another key's public half than that of "
        f"{first.source}, and agents that run obey only the file's: nothing was changed. To keep "
        f"the file's key, {keep}. To change the fleet's key, use `colabvps-console key rotate`. "
        "Where the file's key is lost, or was changed elsewhere, remove fleet_key from the file, "
        "run this again, and restart every agent with the new file"
    )
