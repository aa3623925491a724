"""The screen: a Textual app over the console's headless core.

Decided here: what is shown where, and which key asks for what. Nothing of it is
imported by the other commands. The rooms: `bindings` (the one table of keys),
`polling` (threads that read the store), `columns` and `timeline` (pure: what a
row and a move look like), `table` and `panels` (widgets that draw lines),
`dialogs` (questions), `fleet_screen` (the whole), `app` (its life and its end).
Not decided here: what is true and what may be asked for (`console`).
"""
