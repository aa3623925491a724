"""Setting a fleet up: what is missing, asked for step by step and then done.

| room | what it decides |
| --- | --- |
| `steps` | what a step is, and how the lease record is made |
| `folder` | the store in a folder |
| `drive` | the store in Google Drive |
| `sharing` | with whom that one is shared |
| `keys` | the fleet's key |
"""
