"""Who may do what, and how much of it.

| module | what is in it |
| --- | --- |
| `policy` | what each path asks for |
| `rate_limits` | how many requests a second, and how many at once |
| `middleware` | the order of all checks, for every request |
| `connection_limits` | what a connection may cost before there is a request |
"""
