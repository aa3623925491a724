"""A person signs an account in to Google, with an OAuth client of their own.

| module | what is in it |
| --- | --- |
| `oauth_client` | what counts as an OAuth client, and where it is kept |
| `consent` | what is asked of Google, and what its yes is exchanged for |
| `redirect` | what the address means that a browser ends at |
| `browser_flow` | with a browser on this machine |
| `paste_flow` | without one |
| `identity` | whose sign-in it is |
| `revocation` | how it is taken back |

`sessionlib.stores.drive.signin_storage` keeps what comes of it, where agents find it.
"""
