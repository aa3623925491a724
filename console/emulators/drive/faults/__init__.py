"""What can be made to go wrong, each by a name and with a rate."""
