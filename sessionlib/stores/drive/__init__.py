"""A store in a folder of Google Drive, through PyDrive2 and API v2.

`store` keeps the port's promises; `conditional_write` holds the argument for its one winner;
`doorbell` tells others of new records; `responses` says what each answer means; `transport`
sends each request once. Nothing of Google's is imported before a Drive store is opened.

Google's documents promise none of this, so `doctor` checks it on the real one: a PUT with
`If-Match` is atomic; a file read by its id is as new as the last answered write; and a
description of `MAX_INLINE_BYTES` comes back as it was written.
"""
