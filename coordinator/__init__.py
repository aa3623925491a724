"""The coordinator: a service that knows where everyone is, and where clients find the primary.

It is a view, a registry and a doorbell, and never the authority. The lease in the store decides
who is primary, and no session waits for what is said here.

| room | what it is |
| --- | --- |
| `state` | the values that all rooms speak of |
| `fencing` | the rule whose word counts |
| `transitions` | what a message changes |
| `view` | what is shown of the state at a moment |
| `writer` | one writer for all: applies, commits many at once, and only then answers |
| `database` | tables, migrations, what is kept and what is read at the start |
| `tokens`, `token_index` | tokens, and whose one is |
| `access` | limits, and who may do what |
| `event_broadcast` | the stream of events |
| `api`, `page` | the endpoints, and the status page |
| `metrics` | what Prometheus is told |
| `app`, `server` | all of it together; the process: sockets, TLS, a graceful end |
| `admin` | tokens and epochs, by hand |
"""
