"""The status page, for the people who use what the fleet serves.

| module | what is in it |
| --- | --- |
| `model` | what a passer-by is told: no account, no address, nothing of the fleet's insides |
| `html` | how it looks, whole from the server, so that it needs no script |
| `routes` | its paths, and the policy under which a browser shows it |
"""
