"""The decisions, pure: no clock, no file, no socket, no randomness.

Time is passed in as an `Instant`, chance as a nonce. `values` says what there is, `timing` which
durations are safe, `lifecycle` where a session stands in its life. `lease` says what may be
written and who may claim, `handover` the steps of a planned move. `decide` says what to do next,
`learn` what an event changes.
"""
