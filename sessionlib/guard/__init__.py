"""The process that keeps the lease's deadline, whatever becomes of the agent.

    agent -> guard -> reaper -> the workload and all that it starts

Decided here: that a workload runs for effect only under a valid lease, and that
it ends when any one of the three above it ends. The guard is in a session of
its own, out of reach of a notebook kernel's restart; it watches the clocks,
freezes, thaws and kills. The reaper starts the workload and inherits whatever
detaches from it, and knows exactly when nothing is left. Guard and reaper watch
each other, the agent watches the guard:

| ends or stops        | who notices, by what                | what follows              |
| -------------------- | ----------------------------------- | ------------------------- |
| agent                | guard: end-of-file, parent changed  | guard kills all, ends     |
| guard                | reaper: end-of-file, silence        | reaper kills all, ends    |
| reaper               | guard: SIGCHLD, silence             | guard kills all, ends     |
| guard and reaper     | kernel: the parent-death signal;    | main process dies; agent  |
|                      | agent: end-of-file                  | sweeps by marker          |
| agent, guard, reaper | kernel; the next agent of this home | the same                  |

Not decided here: when to start and stop (`agent.workload`) and what the lease
says (`core.lease`). Not promised: to reach a process that was handed to somebody
else's daemon (a container engine, cron), or, once guard and reaper were both
killed, one that had also thrown its environment away.

What runs in the guard imports little, for it has to start fast and must not be
broken by anything that is installed beside it.
"""
