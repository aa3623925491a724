"""Where things stand: the keys below the store's root, and the files of an agent's home that a
launcher reads too. Each value's own docstring says who may write it.
"""

STATE = "state/"
LEASE = "state/lease.json"
SESSIONS = "state/sessions/"
ORDERS = "state/orders/"
HISTORY = "state/history/"
SIGNAL = "state/handover_signal.json"
DATA = "data/"
LOGS = "logs/"
BUNDLES = "scripts/bundles/"
CODE_VERSIONS = "scripts/versions/"
CONFIG_VERSIONS = "config/"
SUCCESSIONS = "config/keys/"
STORE_CHECK = "config/doctor.json"
"""What the store was found to keep of its promises."""
FOLDERS = ("state", "scripts", "data", "logs", "config")
BELL = "state/bell.json"
"""On Drive: what was created last, so that nobody has to list a folder to hear of it."""
DISCARDED = "discarded"
"""On Drive: what only its owner may delete, once that one comes by."""
DRIVE_FOLDERS = (
    *FOLDERS,
    "state/sessions",
    "state/orders",
    "state/history",
    "scripts/bundles",
    "scripts/versions",
    "data/blobs",
    "data/manifests",
    "config/keys",
    DISCARDED,
)
"""Folders of a Drive store, each known by its id: what lies deeper has a `/` in its title."""
DRIVE_FILES = (LEASE, BELL)
DRIVE_PATHS = (*DRIVE_FOLDERS, *DRIVE_FILES)
"""What `store.ids` of a Drive store names, all of it; `init` makes it once."""

AGENT_LOCK = "agent.lock"
"""In a home: taken by every agent for as long as it runs. It holds the agent's process number."""
SESSION_FILE = "session.json"
"""In a home: the session that lives there and the boot that it began in. Its agent writes it."""


def session_key(account: str) -> str:
    return f"{SESSIONS}{account}.json"


def order_key(order_id: str) -> str:
    return f"{ORDERS}{order_id}.json"


def history_key(epoch: int) -> str:
    return f"{HISTORY}{epoch}.json"


def log_key(account: str, name: str) -> str:
    """`name` is `agent.jsonl` or `workload.log`."""
    return f"{LOGS}{account}/{name}"


def bundle_piece_key(digest: str, index: int) -> str:
    """One piece of a bundle's archive, which `digest` names whole."""
    return f"{BUNDLES}{digest}.{index:03d}.part"


def version_key(prefix: str, version: int) -> str:
    """A published version; `prefix` is CODE_VERSIONS or CONFIG_VERSIONS."""
    return f"{prefix}{version}.json"


def succession_key(old_public: str) -> str:
    """The word of a fleet key on the one that comes after it."""
    return f"{SUCCESSIONS}{old_public[:16]}.json"
