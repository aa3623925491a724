"""A person signs an account in to Google, with an OAuth client of their own.

| room | what it decides |
| --- | --- |
| `clients` | what counts as an OAuth client, and where it is kept |
| `consent` | what is asked of Google, and what its yes is exchanged for |
| `answers` | what the address means that a browser ends at |
| `browsing` | the way with a browser on this machine |
| `pasting` | the way without |
| `identity` | whose sign-in it is |
| `revoking` | how it is taken back |

What comes of it is kept by `sessionlib.stores.drive.signin_storage`, where agents find it.
"""
