"""What the console and the agent in every session share.

From the bottom up: `errors` and `core` (pure decisions), `clock`, `records` (JSON to values),
`ports`, `config`, `signed`, `stores` (where agents agree), `checkpoints`, `guard` (the process
that keeps the deadline), `bundles`, `launchers`, `agent` (the one endless loop). Imports point
down only. Nothing is imported here, so that a command pays only for what it uses.
"""

__version__ = "0.1.0"
