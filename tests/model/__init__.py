"""The core's own decision table, explored state by state.

Goal: that no state which can be reached breaks a promise. Method: `decide`, `learn`, `begun`
and the guard's `policy` are the product's; what is around them is told as finely as the
promises need and no finer. An agent's own steps are worked out once and then looked up
(`space`), equal states get one number (`normal`), the record and everybody's numbers are the
whole (`whole`), and `explore` goes through all of them, breadth first.

What is left out: time passes in ticks of a fifth of a lease (`scale`), and `DRIFT`, the one
constant that is changed, is a whole tick a lease; epochs, renewals, nonces and incarnations
are told relative to the record, and what lies longer ago than the product ever looks back
counts as equally long ago (`names`). Reports may say anything at any time (`knowing`).
Programs are always ready, sessions without an end, ranks all alike. Nothing is said of how
long anything takes (L1), nor of what a frozen machine does when it thaws.

What strikes is switched on for each configuration (`config`): all of it together is beyond
any machine, so each faces some of it, to the last state.
"""
