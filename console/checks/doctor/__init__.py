"""Trying out what a store promises, on the store itself.

| module | what is in it |
| --- | --- |
| `catalog` | what is checked, what depends on it, and what to do where it fails |
| `examination` | what is asked, tried and concluded, for any kind of store |
| `drive`, `folder` | the examination of each kind of store |
| `scratch_folder` | the scratch folder in Drive that all is tried in |
| `hangup_client` | a client that never waits for the answer to a write |
| `conditional_writes` | the conditional write: old ETags, races, versions |
| `drive_behaviour` | how Drive treats ids, owners, names, sizes and lost connections |
| `result` | what comes of it, and what is left in the store for the agents |
"""
