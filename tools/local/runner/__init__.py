"""A stand-in for gitlab-runner: takes jobs of the GitLab stand-in and ends as the real one does."""
