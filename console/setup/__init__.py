"""What a fleet needs before its first session: founding, the lease record, sign-ins."""
