"""Verify a GitLab webhook and enqueue it; enqueue the schedule's ticks."""
