"""What the simulation has found in the product, told so that a person can read it.

Goal: faults that stay found. Method: each scenario is a text file: the story, what it takes
to replay it, and the transcript of the product with the fault put back (`mutants.found`).
A test replays it both ways. `python -m tests.simulation.scenarios` makes the files anew,
where a change of the product has changed the transcripts; the stories stay.
"""
