"""The endpoints, by subject, and what they have in common.

| module | what is in it |
| --- | --- |
| `workers` | what sessions say: registration, heartbeat, a move's phase |
| `sessions` | who is where |
| `redirect` | `/go/`, to the primary |
| `events` | the stream of events |
| `health` | health, metrics, the first page |
| `request_models`, `response_models` | the shapes of what comes in and goes out |
| `direct_route` | how a request comes to its endpoint |
| `request_body` | a body from the wire, bounded |
| `openapi` | the OpenAPI description |
"""
