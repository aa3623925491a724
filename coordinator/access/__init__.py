"""Who may do what, and how much of it.

| module | what it decides |
| --- | --- |
| `tokens` | what a token looks like, and what of it is kept |
| `keys` | whose token one is |
| `policy` | what each path asks for |
| `rates` | how many requests at once, and how many a second |
| `door` | the order of all these, for every request |
| `wire` | what a connection may cost before there is a request |
"""
