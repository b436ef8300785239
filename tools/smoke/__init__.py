"""`make smoke`: checks a deployed fleet for what only a real account can show; docs/limits.md has the list."""
