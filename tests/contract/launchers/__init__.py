"""What every launcher has to keep, on the real thing."""
