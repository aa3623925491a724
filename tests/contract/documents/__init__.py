"""What the command line answers: recorded documents and exit codes, case by case.

A case is a planted fleet, made of the folders in `fleets/`, and a command line. `cases/` lists
them, `recorded/` holds their answers. `python -m tests.contract.documents --record` writes
the records anew; whoever does so reads the difference that git shows.
"""
