"""The command line: one module for each command, loaded when that command is used.

Decided here: nothing; `root` holds the list of commands, `options` what they
share. A command says what will happen, asks, does it and tells; what is possible
and true is decided in `intents`, `outcomes` and `readmodel`.
"""
