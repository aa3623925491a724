"""What the coordinator knows, in SQL.

| module | what it decides |
| --- | --- |
| `engine` | how a database is opened: all that is SQLite's own is here |
| `tables` | the tables as they are now |
| `migrations` | how an older database comes to them |
| `reading`, `writing` | facts from rows, rows from facts |
| `database` | the two together, and what makes a state stale |
"""
