"""The fleet's key on the operator's side: its seed, the key in force, its rotation."""
