"""Where things stand below the store's root.

Decided here: the keys that other programs rely on. Not decided here: who may
write which (each value's own docstring says so).
"""

STATE = "state/"
LEASE = "state/lease.json"
SESSIONS = "state/sessions/"
ORDERS = "state/orders/"
HISTORY = "state/history/"
SIGNAL = "state/handover_signal.json"
DATA = "data/"
LOGS = "logs/"
FOLDERS = ("state", "scripts", "data", "logs", "config")


def session_key(account: str) -> str:
    return f"{SESSIONS}{account}.json"


def order_key(order_id: str) -> str:
    return f"{ORDERS}{order_id}.json"


def history_key(epoch: int) -> str:
    return f"{HISTORY}{epoch}.json"


def log_key(account: str, name: str) -> str:
    """`name` is `agent.jsonl` or `workload.log`."""
    return f"{LOGS}{account}/{name}"
