"""One suite for every store, and what only real processes can show about the folder."""
