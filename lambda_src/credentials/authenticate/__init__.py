"""Find out which GitLab job a request comes from."""
