"""The endpoints, by subject, and what they have in common.

| module | what it is |
| --- | --- |
| `app` | all of it together |
| `workers` | what sessions say: registration, heartbeat, a move's phase |
| `sessions` | who is where |
| `going` | `/go/`, to the primary |
| `events` | the stream of events |
| `operating` | health, metrics, the first page |
| `bodies`, `answers` | the shapes of what comes in and goes out |
| `routing` | how a request comes to its endpoint |
| `reading` | a body from the wire, bounded |
| `problems` | the one form of every refusal |
| `describing` | the OpenAPI description |
"""
