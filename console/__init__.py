"""What the operator uses: a command line over a core that draws nothing.

The rooms, from the top: `cli` (one small module for each command), `intents`
(what an operator can ask for), `readmodel` (what there is to see, pure), `looking`
(reading the store for it). Nothing is imported here, so that a command pays
only for what it uses.
"""
