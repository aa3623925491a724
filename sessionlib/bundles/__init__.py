"""Bringing the program to the machine that runs it: code bundles, and their set-up.

Operators sign what they publish. A session believes nothing else, and never goes back to an
older version than one that it has seen.

| module | what is in it |
| --- | --- |
| `records` | the signed record of a published code folder, and its bounds |
| `packing`, `unpacking` | a folder as one archive, and back, trusting nothing |
| `ignore_rules`, `safe_links` | what isn't published; links that stay inside |
| `transfer` | an archive in the store, piece by piece |
| `cache` | the unpacked bundles of one home |
| `setup`, `setup_process` | the set-up command, of which nothing outlives its agent |
| `preparer` | what an agent runs in |
| `newest_version` | the newest version that an agent has seen |
"""
