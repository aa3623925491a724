"""HTTP/1.1 on a loopback socket: one thread a connection, one write an answer."""
