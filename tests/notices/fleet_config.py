"""A fleet's settings up to those of its notices."""

from __future__ import annotations

CONFIG = """\
fleet: f
store: {}
workload: {command: [a]}
accounts: {p: {email: p@example.com, role: main_worker, priority: 1}}
notices: """
