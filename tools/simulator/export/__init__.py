"""Export finished jobs of real GitLab projects as a workload, without names: ``make trace``."""
