"""The targets, by what is read: one module for each kind. `tests.fuzz.table` has them all."""
