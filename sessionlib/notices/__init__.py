"""Notices: what an operator is told whose console is closed.

Decided here: who speaks. The design leaves it open; three could:

- The console can't: a notice is for when it is closed.
- The coordinator could, but a fleet runs without one, and what it knows of a move is
  hearsay: it would tell of a takeover late, or of one that never was.
- The agents are there whenever there is anything to tell, and one of them is always known
  to be the one: **whoever holds a valid lease speaks for the fleet**. That there is never
  more than one such is what all of this program is for, so it needs no second rule. A
  primary that has died is spoken of by who takes over, at its claim; one that was frozen and
  thaws has to renew first. Only an approval of a takeover is asked for while nobody holds a
  valid lease: by the standby that would claim first, in its own name.

So each notice belongs to a claim, a plan or a session of one agent, and that agent's home
is where it is remembered that it was sent, over restarts of the agent. No record in the
store is needed to keep two from telling the same thing.

Not promised: that all sessions have ended is told by nobody, for nobody is left; an agent
that is killed between a service's answer and its noting of it tells once more.

| module | what |
| --- | --- |
| `deciding` | from what is known to what is to be told, each with a key; pure |
| `wording` | the sentences |
| `outbox` | what waits for which receiver, and for how long; pure |
| `courier` | the thread that sends, remembers and tries again |
| `post` | one attempt, in a process of its own that can be killed |
| `postman` | that process: the only place that loads apprise |

Addresses hold secrets: `sessionlib.notice_urls` says what of one may be shown.
"""
