"""Carry out what was asked: look at every owner first, show what would happen, and do it only when told to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from tools.hooks import plan
from tools.hooks.model import Action, GroupHooksError, Hook, HooksError, Owner, Secrets, Step
from tools.hooks.parameters import FUNCTION_MEMORY_SECONDS, in_use

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tools.hooks.parameters import Parameter

PAST = {Action.CREATE: "created", Action.UPDATE: "updated", Action.DELETE: "deleted", Action.KEEP: "kept"}


@dataclass(frozen=True)
class Found:
    """An owner in scope and its webhooks.

    Attributes:
        is_covered: whether its group is in scope and has webhooks itself, so that it needs none.
    """

    owner: Owner
    hooks: list[Hook]
    is_covered: bool = False


class Webhooks(Protocol):
    """The webhooks of projects and groups; every method raises HooksError."""

    def hooks(self, owner: Owner) -> list[Hook]:
        """Return the webhooks of an owner."""
        ...

    def create(self, owner: Owner, url: str, secrets: Secrets) -> Hook:
        """Create a webhook for job events."""
        ...

    def update(self, owner: Owner, hook_id: int, url: str, secrets: Secrets) -> Hook:
        """Make a webhook as the fleet needs it."""
        ...

    def delete(self, owner: Owner, hook_id: int) -> None:
        """Delete a webhook."""
        ...


class Directory(Protocol):
    """Finds projects and groups; every method raises HooksError."""

    def project(self, name: str) -> Owner:
        """Return the project with an id or path."""
        ...

    def group(self, name: str) -> Owner:
        """Return the group with an id or path."""
        ...

    def projects_of(self, group: Owner) -> Iterable[Owner]:
        """Return a group's projects, those of its subgroups included."""
        ...

    def member_projects(self) -> Iterable[Owner]:
        """Return the projects that the token may manage the webhooks of."""
        ...


@dataclass
class Tool:
    """Works on the webhooks of a scope.

    Args:
        webhooks: reads and changes them.
        directory: finds projects and groups.
        url: the fleet's address.
        say: shows a line to the user.
        sleep: waits for seconds.
        apply: whether to change anything; else it is only shown.
    """

    webhooks: Webhooks
    directory: Directory
    url: str
    say: Callable[[str], None]
    sleep: Callable[[float], None]
    apply: bool = False

    def show(self, projects: Iterable[str], groups: Iterable[str]) -> None:
        """Show the fleet's webhooks, and where there is none."""
        for found in self._owners(projects, groups):
            ours = plan.rotate(found.owner, found.hooks, self.url)
            states = {hook.id: plan.state(hook) for hook in found.hooks}
            beside = ", beside its group's" if found.is_covered else ""
            for step in ours:
                self.say(f"{found.owner}: webhook {step.hook_id}{beside}, {states[step.hook_id]}")
            if not (ours or found.is_covered):
                self.say(f"{found.owner}: none")

    def install(self, projects: Iterable[str], groups: Iterable[str], given: list[Parameter]) -> None:
        """Make sure that each owner has exactly one webhook of the fleet, and projects none beside their group's."""
        secrets = in_use(given)
        if not (secrets.token or secrets.signing_token):
            raise HooksError("a webhook needs a secret: name SECRET_PARAMETER or SIGNING_TOKEN_PARAMETER")
        all_found = list(self._owners(projects, groups))
        own = (plan.install(found.owner, found.hooks, self.url, secrets) for found in all_found if not found.is_covered)
        # Only when every group has its webhook may those of its projects go, so that no job goes untold.
        self._carry_out(list(chain.from_iterable(own)), secrets)
        beside = (plan.beside_group(found.owner, found.hooks, self.url) for found in all_found if found.is_covered)
        self._carry_out(list(chain.from_iterable(beside)), Secrets())

    def remove(self, projects: Iterable[str], groups: Iterable[str]) -> None:
        """Make sure that no owner has a webhook of the fleet."""
        steps = self._steps(projects, groups, lambda o, h: plan.remove(o, h, self.url))
        if not steps:
            self.say(f"no webhook in this scope calls {self.url}")
        self._carry_out(steps, Secrets())

    def rotate(self, projects: Iterable[str], groups: Iterable[str], given: list[Parameter]) -> None:
        """Replace a secret without losing a hook: both are valid until every webhook has the new one.

        Interrupted, or failed in part, it goes on with the same new secret when it is run again.
        """
        if len(given) != 1:
            raise HooksError("rotate one secret at a time: name SECRET_PARAMETER or SIGNING_TOKEN_PARAMETER")
        steps = self._steps(projects, groups, lambda o, h: plan.rotate(o, h, self.url))
        if not steps:
            raise HooksError(f"no webhook in this scope calls {self.url}; install comes first")
        self.say(f"{len(steps)} webhooks are in this scope; one outside of it would be refused afterwards")
        (parameter,) = given
        values = parameter.values()
        resumed = len(values) > 1
        new = values[-1] if resumed else parameter.new_value()
        self.say(f"{parameter.name}: {'going on with the second value' if resumed else 'a second value is added'}")
        if self.apply and not resumed:
            parameter.put(values[0], new)
        self.say(f"waiting {FUNCTION_MEMORY_SECONDS} s, until the functions know both values")
        if self.apply:
            self.sleep(FUNCTION_MEMORY_SECONDS)
        self._carry_out(steps, parameter.as_secrets(new))
        self.say(f"{parameter.name}: only the new value is left")
        if self.apply:
            parameter.put(new)

    def _steps(
        self, projects: Iterable[str], groups: Iterable[str], decide: Callable[[Owner, list[Hook]], list[Step]]
    ) -> list[Step]:
        return [step for found in self._owners(projects, groups) for step in decide(found.owner, found.hooks)]

    def _owners(self, projects: Iterable[str], groups: Iterable[str]) -> Iterable[Found]:
        """Yield the owners in scope, each once, groups first; projects of a group may have webhooks of before."""
        projects, groups = list(projects), list(groups)
        owners = [self.directory.project(name) for name in projects]
        if not (projects or groups):
            owners = self._member_projects()
        covered: set[Owner] = set()
        for name in groups:
            group = self.directory.group(name)
            members = list(self.directory.projects_of(group))
            owners.extend(members)
            try:
                yield Found(group, self.webhooks.hooks(group))
                covered.update(members)
            except GroupHooksError as error:
                self.say(f"{error}: that takes GitLab Premium and the group's owner; its projects get one each")
        for owner in dict.fromkeys(owners):
            yield Found(owner, self.webhooks.hooks(owner), is_covered=owner in covered)

    def _member_projects(self) -> list[Owner]:
        owners = list(self.directory.member_projects())
        if not owners:
            raise HooksError(
                "the token may manage the webhooks of no project: it needs the role Maintainer and the scope api; "
                "GITLAB_PROJECTS and GITLAB_GROUPS name projects and groups"
            )
        return owners

    def _carry_out(self, steps: list[Step], secrets: Secrets) -> None:
        """Do every step that can be done, and say what was done; raise at the end if one could not."""
        done: Counter[str] = Counter()
        for step in steps:
            which = f"webhook {step.hook_id}" if step.hook_id else "a webhook"
            self.say(f"{step.owner}: {step.action} {which} ({step.reason})")
            try:
                if self.apply:
                    self._do(step, secrets)
                    done[PAST[step.action]] += 1
            except HooksError as error:
                self.say(f"  failed: {error}")
        if done:
            self.say(", ".join(f"{count} webhook{'s' * (count > 1)} {what}" for what, count in done.items()))
        failed = len(steps) - done.total()
        if self.apply and failed:
            raise HooksError(f"{failed} of {len(steps)} steps failed, see above; the same command goes on from here")

    def _do(self, step: Step, secrets: Secrets) -> None:
        if step.action is Action.DELETE:
            self.webhooks.delete(step.owner, step.hook_id)
        elif step.action is Action.CREATE:
            _check(self.webhooks.create(step.owner, self.url, secrets), secrets)
        elif step.action is Action.UPDATE:
            _check(self.webhooks.update(step.owner, step.hook_id, self.url, secrets), secrets)


def _check(hook: Hook, secrets: Secrets) -> None:
    """Raise if GitLab has dropped the signing token without a word, as it does while that feature is off."""
    if secrets.signing_token and not hook.has_signing_token:
        raise HooksError(
            f"webhook {hook.id} is there, but this GitLab ignores signing tokens (19.x with the feature flag "
            "webhook_signing_token has them): use SECRET_PARAMETER"
        )
