"""Whatever others can write, its reader gives a value or its own error: looked for with a fuzzer.

Decided here: that a target is a reader, the errors it may raise, and what must
hold of each value it gives; one table has them all (`targets`). Two machines work
on the same table: libFuzzer, by atheris, which mutates bytes towards code that
was not yet reached (`python -m tests.fuzz`), and hypothesis, which makes values
(`test_*.py` here, part of `make test`). The kept corpus, every finding among it,
is run through its target in `make test`. Not decided here: what somebody could do
with a genuine record; that is the threat model's business.
"""
