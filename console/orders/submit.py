"""An order signed with the fleet's key and put into the store, or not given at all."""

from __future__ import annotations

from console.bounded_calls import TimeoutStore, within
from console.errors import OutcomeUnknown
from console.fleet.fleet import Fleet
from console.signing.in_force import signing_seed
from sessionlib.core.messages import Order
from sessionlib.errors import Conflict, StoreError, Unknown
from sessionlib.layout import order_key
from sessionlib.records import encode
from sessionlib.signing import sign


def signing_seed_of(fleet: Fleet) -> str:
    """The seed of the key in force. Raises Refused where it isn't at hand, or StoreError."""
    timeout_s = fleet.config.timings.timeout_s
    return signing_seed(fleet.config, TimeoutStore(fleet.store, timeout_s, timeout_s))


def sign_for_fleet(fleet: Fleet, order: Order) -> Order:
    """The order, signed. Raises Refused where the fleet's key isn't at hand."""
    return sign(order, signing_seed_of(fleet))


def submit_order(fleet: Fleet, order: Order) -> None:
    """Put a signed order into the store. Raises OutcomeUnknown where it may or may not be there."""
    key, data, timeout_s = order_key(order.id), encode(order), fleet.config.timings.timeout_s
    try:
        within(timeout_s, lambda: fleet.store.create(key, data), Unknown)
    except (Unknown, Conflict) as error:
        # A write without an answer is settled by reading back.
        if not _is_there(fleet, key, data):
            raise OutcomeUnknown(
                f"order {order.id} may or may not have been given ({error}): "
                "`colabvps-console status` shows whether it is acted on"
            ) from None


def _is_there(fleet: Fleet, key: str, data: bytes) -> bool:
    try:
        found = within(fleet.config.timings.timeout_s, lambda: fleet.store.read(key))
    except StoreError:
        return False
    return found is not None and found.data == data
