"""`coordinator epoch`: the highest epoch that the coordinator knows.

It rises by itself with what sessions say; only a wrong one has to be set.
"""

COMMANDS = {"set": "Set it by hand: for one that is wrong, and for nothing else."}
