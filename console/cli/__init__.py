"""The command line: one module for each command, loaded when that command is used.

`root` has the list of commands, `options` what they share. A command says what will happen,
asks, does it, and tells.
"""
