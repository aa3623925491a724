"""What is seen of a fleet: snapshots of its store, the read model, words and documents."""
