"""Vend short-lived AWS credentials to CI jobs and runner hosts: authenticate, authorise, vend."""
