"""What the operator uses: a command line and a screen over a core that draws nothing.

The rooms, from the top: `cli` (one small module for each command), `demo`, `tui` (the screen),
`store_kinds`, `checks`, `orders` and `setup`, `fleet` (what is seen), `signing`, `text`. Nothing
is imported here, so that a command pays only for what it uses.
"""
