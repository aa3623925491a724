"""Making one checkpoint: copy, upload, prove."""
