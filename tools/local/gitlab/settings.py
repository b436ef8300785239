"""What can be set while the stand-in runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Settings of the stand-in.

    Args:
        rate_limit: job-list requests per token and interval; 0 means no limit.
        rate_limit_interval_seconds: the length of a window, and what Retry-After says.
        webhook_timeout_seconds: how long a receiver may take.
        id_token_audience: `aud` of id_tokens that do not say another; empty = the stand-in's own address.
        group_hooks: whether groups have webhooks, as with Premium.
        signing_tokens: whether the API takes signing tokens; GitLab ignores them while the feature flag is off.
    """

    rate_limit: int = 600
    rate_limit_interval_seconds: float = 60.0
    webhook_timeout_seconds: float = 10.0
    id_token_audience: str = ""
    group_hooks: bool = False
    signing_tokens: bool = True
