"""The demo: a fleet grows for a burst of jobs and shrinks after it, on the local stack."""
