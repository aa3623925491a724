"""The coordinator, as a session or a console sees it: a view, a registry, a doorbell.

What it says changes no decision. A ring is only a reason to look at the store.
"""

TOKEN_VARIABLE = "COLABVPS_COORDINATOR_TOKEN"  # noqa: S105 - its name
"""In the environment of an agent or a console: the token that the coordinator knows it by."""
