"""What the coordinator knows, in SQL.

| module | what is in it |
| --- | --- |
| `engine` | how a database is opened: all that is SQLite's own is here |
| `tables` | the tables as they are now |
| `migrations` | how an older database comes to them |
| `load`, `save` | the state from rows, rows from the state |
| `database` | the two together, and what makes a state stale |
"""
