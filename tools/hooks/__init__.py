"""Install, list, rotate and remove the fleet's webhook in GitLab: ``make hooks``."""
