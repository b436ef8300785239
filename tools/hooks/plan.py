"""Decide what has to happen to the webhooks that exist. Pure.

A webhook is the fleet's when its address is. GitLab never shows secrets, so one that has a secret of the right kind is
taken to have the right one: `rotate` is what changes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.hooks.model import Action, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tools.hooks.model import Hook, Owner, Secrets


def install(owner: Owner, hooks: Iterable[Hook], url: str, secrets: Secrets) -> list[Step]:
    """Return the steps after which exactly one webhook of an owner calls the address, as the fleet needs it."""
    ours = _ours(hooks, url)
    if not ours:
        return [Step(Action.CREATE, owner, 0, "there is none")]
    first, *others = ours
    wrong = ", ".join(_wrong(first, secrets))
    action = Action.UPDATE if wrong else Action.KEEP
    twice = [Step(Action.DELETE, owner, hook.id, f"webhook {first.id} does the same") for hook in others]
    return [Step(action, owner, first.id, wrong or "as it should be"), *twice]


def rotate(owner: Owner, hooks: Iterable[Hook], url: str) -> list[Step]:
    """Return the steps that give every webhook of the fleet the new secret."""
    return [Step(Action.UPDATE, owner, hook.id, "new secret") for hook in _ours(hooks, url)]


def remove(owner: Owner, hooks: Iterable[Hook], url: str) -> list[Step]:
    """Return the steps after which no webhook of an owner calls the address."""
    return [Step(Action.DELETE, owner, hook.id, "no longer wanted") for hook in _ours(hooks, url)]


def beside_group(owner: Owner, hooks: Iterable[Hook], url: str) -> list[Step]:
    """Return the steps after which a project whose group has a webhook has none itself."""
    return [Step(Action.DELETE, owner, hook.id, "its group's webhook does the same") for hook in _ours(hooks, url)]


def state(hook: Hook) -> str:
    """Return in words how a webhook is."""
    kinds = [name for has, name in ((hook.has_token, "token"), (hook.has_signing_token, "signing token")) if has]
    unknown = hook.has_token is None and hook.has_signing_token is None
    secret = "not shown by this GitLab" if unknown else (" and ".join(kinds) or "NONE")
    words = [f"secret: {secret}"]
    if not hook.job_events:
        words.append("NO JOB EVENTS")
    if hook.alert_status != "executable":
        words.append(f"{hook.alert_status.upper()}: press Test on its page once the function answers again")
    return ", ".join(words)


def _ours(hooks: Iterable[Hook], url: str) -> Sequence[Hook]:
    return sorted((hook for hook in hooks if hook.url.rstrip("/") == url.rstrip("/")), key=lambda hook: hook.id)


def _wrong(hook: Hook, secrets: Secrets) -> Iterable[str]:
    """Yield what is not as it should be."""
    checks = (
        (not hook.job_events, "job events are off"),
        (bool(hook.other_events), f"it also sends {', '.join(hook.other_events)}"),
        (not hook.verifies_tls and hook.url.startswith("https:"), "TLS is not verified"),
        (bool(secrets.token) and hook.has_token is False, "it has no token"),
        (bool(secrets.signing_token) and hook.has_signing_token is False, "it has no signing token"),
    )
    return (words for holds, words in checks if holds)
