"""The agent: the one process in every session that watches, renews and hands over.

`start` builds it, and `loop` turns the core: the only endless loop. `executor` begins each action;
`lane` runs calls that may hang. `lease_io` and `mailbox` speak to the store, `checkpoint_jobs`
copies data, `provisioning` gets the program, and `prepare_hook` has the workload save. `workload`
drives the guard, `home` is the agent's own folder, `logs` writes lines.
"""
