"""The fleet's key as this machine has it: the seed whose public half is in force signs.

So an operator's key works at every moment of a change, also of one that was interrupted.
"""

from __future__ import annotations

from dataclasses import dataclass

from console.errors import Refused
from console.signing import seed_storage
from console.signing.seed_storage import Seed
from sessionlib.config import Config
from sessionlib.ports import Store
from sessionlib.signed.key_succession import KeyChain, follow_key_chain
from sessionlib.signing import public_of


@dataclass(frozen=True, slots=True)
class KeyState:
    """What the configuration has, what is in force by now, and what is at hand."""

    pinned: str
    chain: KeyChain
    seeds: tuple[Seed, ...]

    @property
    def current(self) -> str:
        return self.chain.keys[-1]

    def seed_for(self, public: str) -> Seed | None:
        """The first seed at hand with this public half."""
        return next((seed for seed in self.seeds if public_of(seed.value) == public), None)


def key_state(config: Config, store: Store) -> KeyState:
    """Look at all three. Raises Refused, StoreError, KitError."""
    pinned = config.fleet_key
    if pinned is None:
        raise Refused(
            f"{config.path} has no fleet_key: run `colabvps-console init` with it, which makes one"
        )
    seeds = seed_storage.seeds_at_hand(config.fleet)
    chain = follow_key_chain(store, config.fleet, pinned)
    return KeyState(pinned, chain, tuple(seeds))


def key_in_force(config: Config, store: Store) -> str | None:
    """The public half of the key that counts by now; None where neither the file nor the
    environment has one. Raises Refused, StoreError, KitError."""
    pinned = config.fleet_key
    if pinned is None:
        seed = seed_storage.seed_from_env()
        pinned = None if seed is None else public_of(seed)
    return None if pinned is None else follow_key_chain(store, config.fleet, pinned).keys[-1]


def signing_seed(config: Config, store: Store) -> str:
    """The seed to sign with. Raises Refused where the key in force isn't at hand, StoreError."""
    if config.fleet_key is None:
        return seed_storage.need_seed(config.fleet)
    state = key_state(config, store)
    seed = state.seed_for(state.current)
    if seed is not None:
        return seed.value
    if not state.seeds:
        return seed_storage.need_seed(config.fleet)
    raise Refused(explain_missing_seed(config, state))


def explain_missing_seed(config: Config, state: KeyState) -> str:
    """Why none of the seeds at hand is any good."""
    if state.current != state.pinned:
        return (
            f"the key of fleet {config.fleet} was changed to {state.current[:16]}…, and this "
            "machine doesn't have the new one: whoever changed it can give it to you "
            "(`colabvps-console key show --secret`)"
        )
    return (
        f"the key at hand isn't the one of fleet {config.fleet} "
        f"({config.where('fleet_key')}): its agents would ignore what it signs"
    )
