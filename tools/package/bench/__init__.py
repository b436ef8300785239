"""Figures behind the package builder's decisions; they shape no zip, so they are no input of one."""
