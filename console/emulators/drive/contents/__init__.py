"""What Drive holds: files of several accounts, and who may do what with them."""
