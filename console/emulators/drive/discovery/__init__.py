"""Google's own description of Drive v2, and whether a request or an answer is true to it."""
