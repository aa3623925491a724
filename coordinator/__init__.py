"""The coordinator: a service that knows where everyone is, and where clients find the primary.

It is a view, a registry and a doorbell, and never the authority: who is primary is decided
by the lease in the store, and no session waits for what is said here.

| room | what it is |
| --- | --- |
| `facts` | the values that all rooms speak of |
| `epochs` | the fencing rule: whose word counts |
| `decisions` | what a message changes |
| `view` | what is shown of the facts at a moment |
| `writer` | one writer for all: decides, commits many at once, and only then answers |
| `database` | tables, migrations, what is kept and what is read at the start |
| `access` | tokens, limits, and who may do what |
| `bell` | the stream of events |
| `api` | the endpoints |
| `metrics` | what Prometheus is told |
| `serving` | the process: sockets, TLS, a graceful end |
| `administering` | tokens and epochs, by hand |
"""
