"""`coordinator`: the service that knows where everyone is, and its tokens.

It shows the fleet to people and programs, leads clients to the primary and rings when
something moves. It decides nothing: who works is in the store. All of it needs no
configuration, only a database, which --db names.
"""

COMMANDS = {
    "serve": "Serve, until a signal ends it.",
    "token": "Who may talk to it: a token for each account, and the operator's.",
    "epoch": "The highest epoch it knows, where that is wrong.",
}
