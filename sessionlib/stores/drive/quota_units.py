"""What each request costs of an account's quota.

Decided here: the figures, in Google's quota units; a user has 325,000 a minute in a
project of its own. What isn't listed there is counted as a read.
"""

from __future__ import annotations

READ = 5
WRITE = 50
LIST = 100
DOWNLOAD = 200
