"""The process that keeps the lease's deadline, whatever becomes of the agent.

    agent -> guard -> reaper -> the workload and all that it starts

A workload runs for effect only under a valid lease, and ends when any of the three above it
ends. The guard is in a session of its own, out of reach of a notebook kernel's restart. It
watches the clocks, freezes, thaws and kills. The reaper starts the workload, inherits whatever
detaches from it, and knows exactly when nothing is left. Each watches the others:

| ends or stops        | who notices, by what                | what follows              |
| -------------------- | ----------------------------------- | ------------------------- |
| agent                | guard: end-of-file, parent changed  | guard kills all, ends     |
| guard                | reaper: end-of-file, silence        | reaper kills all, ends    |
| reaper               | guard: SIGCHLD, silence             | guard kills all, ends     |
| guard and reaper     | kernel: the parent-death signal;    | main process dies; agent  |
|                      | agent: end-of-file                  | sweeps by marker          |
| agent, guard, reaper | kernel; the next agent of this home | the same                  |

Not promised: to reach a process in somebody else's daemon (a container engine, cron). Nor, once
guard and reaper were both killed, one that has thrown its environment away.

What runs in the guard imports little. It has to start fast, and nothing that is installed beside
it may break it.
"""
