"""Values that targets and tests of them share."""

from __future__ import annotations

from pathlib import Path

HERE = Path("accounts.yaml")

CONFIGURATION = """\
fleet: fleet
store: {kind: folder, path: VPS_Shared}
accounts:
  a: {email: a@example.com, role: main_worker, priority: 1, owner: A}
  b: {email: b@example.com, role: hot_standby, priority: 2, session: {lifetime: 6h}}
workload: {command: [python, server.py], env: {MODE: prod}, secrets: [TOKEN]}
"""
