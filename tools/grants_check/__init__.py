"""`make grants-check`: try the role of every grant with the credential vendor's own role, which nobody else can."""
