"""A store in a folder of Google Drive, through PyDrive2 and API v2.

Decided here: nothing yet but where to read on. `store` keeps the port's promises;
`register` is the conditional write and its argument; `bell` is how others hear of
what was created without listing folders; `verdicts` says what each answer means;
`transport` sends each request once. Nothing of Google's is imported before a Drive
store is opened.

Assumed of Drive, and checked by `doctor` on the real one, for none of it is promised
in Google's documents: that a PUT with `If-Match` is atomic, that a file read by its
id is as new as the last write that was answered, and that a description of
`MAX_INLINE_BYTES` comes back as it was written.
"""
