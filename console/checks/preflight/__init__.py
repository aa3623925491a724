"""Is everything ready, before a session is started and its hours begin to count?

| room | what it decides |
| --- | --- |
| `items` | what an item is, and the four words there are for one |
| `fleet` | what concerns the whole fleet, and each account's session |
| `access` | whether the store can be used, as each account that is signed in here |
"""
