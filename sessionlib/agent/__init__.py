"""The agent: the one process in every session that watches, renews and hands over.

`home` is its own folder, `lane` runs calls that may hang, `leasebook` and `notes`
speak to the store, `copyist` copies data, `outfit` gets the
program and `wholeness` has the workload save, `workload` drives the guard, `logs`
writes lines, and `loop` turns the core: the only endless loop.
"""
