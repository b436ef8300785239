"""What a webhook is, where it may hang, and what is to be done about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Kind = Literal["projects", "groups"]


class HooksError(Exception):
    """Something cannot be done; the message names the input and the way out."""


class GroupHooksError(HooksError):
    """This GitLab has no group webhooks, or the token may not manage them."""


@dataclass(frozen=True)
class Owner:
    """A project or a group that may have webhooks."""

    kind: Kind
    id: int
    path: str

    def __str__(self) -> str:
        return f"{self.kind.removesuffix('s')} {self.path}"


@dataclass(frozen=True)
class Hook:
    """A webhook as GitLab lists it; what an older GitLab does not say is None.

    Attributes:
        other_events: events beside job events that it sends.
        alert_status: `executable`, `temporarily_disabled` or `disabled`.
    """

    id: int
    url: str
    job_events: bool
    other_events: tuple[str, ...] = ()
    verifies_tls: bool = True
    has_token: bool | None = None
    has_signing_token: bool | None = None
    alert_status: str = "executable"


@dataclass(frozen=True)
class Secrets:
    """The secrets a webhook is given; "" = none of that kind."""

    token: str = field(default="", repr=False)
    signing_token: str = field(default="", repr=False)


class Action(StrEnum):
    """What happens to a webhook."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    KEEP = "keep"


@dataclass(frozen=True)
class Step:
    """One thing to do; `hook_id` is 0 when it is to be created."""

    action: Action
    owner: Owner
    hook_id: int
    reason: str
