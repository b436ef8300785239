"""Benchmarks: every claim of speed or size, measured; ``make bench`` prints them and keeps them as JSON."""
