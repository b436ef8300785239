"""Observes GitLab's jobs and the Auto Scaling group, plans the fleet's size and acts on it."""
