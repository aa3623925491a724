"""Trying out what a store promises, on the store itself.

| room | what it decides |
| --- | --- |
| `checks` | what is checked, what depends on it, and what to do where it fails |
| `ground` | the scratch folder in Drive that all is tried in |
| `hasty` | a client that never waits for the answer to a write |
| `writes` | the conditional write: old ETags, races, versions |
| `manners` | how Drive treats ids, owners, names, sizes and lost connections |
| `drive`, `folder` | the examination of each kind of store |
| `verdict` | what comes of it, and what is left in the store for the agents |
"""
