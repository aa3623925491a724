"""Notices for an operator whose console is closed. Whoever holds a valid lease sends them.

Three could speak:

- The console can't: a notice is for when it is closed.
- The coordinator could, but a fleet runs without one. What it knows of a move is hearsay: it would
  tell of a takeover late, or of one that never was.
- The agents are there whenever there is anything to tell. One of them is always known to be the
  one: **whoever holds a valid lease speaks for the fleet**. There is never more than one, so it
  needs no second rule. Whoever takes over speaks of a primary that has died, at its claim. A
  primary that was frozen and thaws has to renew first. Only the approval of a takeover is asked
  for while nobody holds a valid lease: by the standby that would claim first, in its own name.

So each notice belongs to a claim, a plan or a session of one agent. That agent's home remembers
that it was sent, over restarts of the agent. No record in the store is needed to keep two from
sending the same thing.

Not promised: nobody tells that all sessions have ended, for nobody is left. An agent that is killed
between a service's answer and its noting of it sends once more.

| module | what is in it |
| --- | --- |
| `rules` | from what is known to the notices that are due, each with a key; pure |
| `wording` | the sentences |
| `retry_queue` | what waits for which receiver, and for how long; pure |
| `delivery` | the thread that sends, remembers and tries again |
| `sender` | one attempt, in a process of its own that can be killed |
| `sender_process` | that process: the only place that loads apprise |
| `receivers` | the receivers, with the secrets of their addresses |

Addresses hold secrets: `sessionlib.notice_urls` says what of one may be shown.
"""
