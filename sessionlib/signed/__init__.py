"""What operators sign for sessions: numbered versions, settings, keys, store checks."""
