"""Builds the zip of each Lambda function; `build.py` is the command, docs/packaging.md the explanation."""
