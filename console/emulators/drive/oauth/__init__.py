"""Google's sign-in, as far as a desktop client meets it."""
