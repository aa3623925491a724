"""The coordinator, as a session or a console sees it: a view, a registry, a doorbell.

Decided here: nothing; see `telling` for what is said when, `client` for the calls, and
`listening` for the doorbell. What the coordinator says changes no decision: it is asked
for nothing, and a ring is only a reason to look at the store.
"""

TOKEN_VARIABLE = "COLABVPS_COORDINATOR_TOKEN"  # noqa: S105 - its name
"""In the environment of an agent or a console: the token that the coordinator knows it by."""
