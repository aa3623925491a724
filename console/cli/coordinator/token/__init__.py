"""`coordinator token`: who may talk to the coordinator.

Only a hash of each is kept. A running service follows within a second.
"""

COMMANDS = {
    "create": "Make a token for an account, or for the operator.",
    "revoke": "Make all tokens of an account, or of the operator, invalid.",
}
