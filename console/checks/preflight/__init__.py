"""Is everything ready, before a session is started and its hours begin to count?

| module | what is in it |
| --- | --- |
| `items` | what an item is, and the four words there are for one |
| `fleet` | what concerns the whole fleet, and each account's session |
| `store_access` | whether the store can be used |
| `drive_access` | what an account's sign-in to Google may do there |
| `services` | the coordinator, and the receivers of notices |
"""
