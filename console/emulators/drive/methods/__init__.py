"""Drive's methods: one function for each, from a call to the body of an answer."""
