"""Text for people: units, words made harmless to a terminal, the two output streams."""
