"""What operators ask for: proposals, evidence, consequences, submission, outcomes."""
