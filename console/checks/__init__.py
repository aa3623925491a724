"""Checks before a fleet depends on something: doctor and preflight."""
