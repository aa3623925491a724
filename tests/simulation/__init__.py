"""A fleet of agents on the product's own core, in simulated time.

Method: a heap of events (`world`); one register as the store, with everything that may
go wrong on the way to it (`register`); a board of reports and orders (`notes`); for each
account a machine with clocks (`clocks`), an agent (`node`, `doing`), guards and processes
(`guards`) and data (`disks`, `files`); two operators who press everything (`operators`).
What strikes is drawn up ahead (`faults`), and what must always hold is checked at every
event by one who sees all of it (`truth`). Everything follows from a seed: a failure can
be seen again (`seeds`), and made shorter (`shrink`). `mutants` are the product with one of
its rules taken out; the simulation has to notice each of them.

What it can't show: a machine frozen whole in the middle of an effect, of which the design
promises nothing; clocks whose rates differ by more than is assumed; a store whose
conditional write isn't atomic; and whatever is wrong in the parts that are not simulated,
the threads of `agent.executor`, sockets, files, signals. Those have tests on real processes.
"""
