"""A GitLab stand-in: the part of GitLab's API, webhooks and job life that a runner fleet touches."""

from tools.local.gitlab.app import GitLab
from tools.local.gitlab.messages import Request, Response

__all__ = ["GitLab", "Request", "Response"]
