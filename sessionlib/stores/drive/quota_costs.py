"""What each request costs of an account's quota, in Google's units: a user has 325,000 a minute.

A request that Google's list leaves out counts as a read.
"""

from __future__ import annotations

READ = 5
WRITE = 50
LIST = 100
DOWNLOAD = 200
