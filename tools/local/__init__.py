"""The local stack: an AWS, a GitLab and the machines between them, all on loopback."""
