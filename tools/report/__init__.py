"""Render a fleet's last hours from CloudWatch into one page that opens offline: ``make report``."""
