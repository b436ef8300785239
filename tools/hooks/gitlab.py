"""Talk to GitLab's webhook endpoints through python-gitlab.

https://docs.gitlab.com/api/project_webhooks/ and https://docs.gitlab.com/api/group_webhooks/ (Premium).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import gitlab
import requests
from gitlab.exceptions import GitlabAuthenticationError, GitlabError

from tools.hooks.model import GroupHooksError, Hook, HooksError, Owner

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tools.hooks.model import Secrets

MAINTAINER = 40
SECONDS = 30
_EVENTS = "_events"
_NO_GROUP_HOOKS = frozenset({403, 404})


class GitLab:
    """The webhooks of a GitLab.

    Args:
        url: address of the GitLab.
        token: an access token with the scope `api`, of a maintainer of the projects or an owner of the groups.
        ca_certificate: file with the certificates to trust, "" = the system's.
    """

    def __init__(self, url: str, token: str, ca_certificate: str = "") -> None:
        # Nothing is tried again: python-gitlab would go on for minutes, and the tool goes on from where it stopped.
        self._api = gitlab.Gitlab(url, private_token=token, ssl_verify=ca_certificate or True, timeout=SECONDS)

    def project(self, name: str) -> Owner:
        """Return the project with an id or path."""
        with _explained(f"project {name}"):
            return _owner("projects", self._api.projects.get(name).attributes)

    def group(self, name: str) -> Owner:
        """Return the group with an id or path."""
        with _explained(f"group {name}"):
            return _owner("groups", self._api.groups.get(name, with_projects=False).attributes)

    def projects_of(self, group: Owner) -> Iterable[Owner]:
        """Return a group's projects, those of its subgroups included."""
        with _explained(str(group)):
            found = self._api.http_list(
                f"/groups/{group.id}/projects", include_subgroups=True, archived=False, simple=True, iterator=True
            )
            return [_owner("projects", entry) for entry in found]

    def member_projects(self) -> Iterable[Owner]:
        """Return the projects that the token may manage the webhooks of."""
        with _explained("the list of projects"):
            found = self._api.http_list(
                "/projects", membership=True, min_access_level=MAINTAINER, archived=False, simple=True, iterator=True
            )
            return [_owner("projects", entry) for entry in found]

    def hooks(self, owner: Owner) -> list[Hook]:
        """Return the webhooks of an owner.

        Raises:
            GroupHooksError: it is a group, and this GitLab or this token has no group webhooks.
        """
        with _explained(f"webhooks of {owner}", owner):
            return [_hook(entry) for entry in self._api.http_list(_path(owner), iterator=True)]

    def create(self, owner: Owner, url: str, secrets: Secrets) -> Hook:
        """Create a webhook for job events."""
        with _explained(f"webhooks of {owner}", owner):
            return _hook(self._sent(self._api.http_post(_path(owner), post_data=_body(url, secrets))))

    def update(self, owner: Owner, hook_id: int, url: str, secrets: Secrets) -> Hook:
        """Make a webhook as the fleet needs it, with new secrets if there are any."""
        with _explained(f"webhook {hook_id} of {owner}"):
            return _hook(self._sent(self._api.http_put(f"{_path(owner)}/{hook_id}", post_data=_body(url, secrets))))

    def delete(self, owner: Owner, hook_id: int) -> None:
        """Delete a webhook."""
        with _explained(f"webhook {hook_id} of {owner}"):
            self._api.http_delete(f"{_path(owner)}/{hook_id}")

    @staticmethod
    def _sent(answer: object) -> Mapping[str, Any]:
        if not isinstance(answer, dict):
            raise HooksError(f"GitLab answered {type(answer).__name__} where a webhook was expected")
        return answer


def _path(owner: Owner) -> str:
    return f"/{owner.kind}/{owner.id}/hooks"


def _owner(kind: Any, entry: Mapping[str, Any]) -> Owner:  # noqa: ANN401 - a literal of the caller's
    return Owner(kind, entry["id"], entry.get("path_with_namespace") or entry["full_path"])


def _hook(entry: Mapping[str, Any]) -> Hook:
    events = [name for name, value in entry.items() if name.endswith(_EVENTS) and value is True]
    return Hook(
        id=entry["id"],
        url=entry["url"],
        job_events="job_events" in events,
        other_events=tuple(sorted(name for name in events if name != "job_events")),
        verifies_tls=entry.get("enable_ssl_verification", True),
        has_token=entry.get("token_present"),
        has_signing_token=entry.get("signing_token_present"),
        alert_status=entry.get("alert_status", "executable"),
    )


def _body(url: str, secrets: Secrets) -> dict[str, Any]:
    """Return a webhook's attributes: job events alone, whatever GitLab would send by default."""
    off = dict.fromkeys(("push_events", "merge_requests_events", "tag_push_events", "pipeline_events"), False)
    given = {"token": secrets.token, "signing_token": secrets.signing_token}
    kept = {name: value for name, value in given.items() if value}
    return {"url": url, "job_events": True, "enable_ssl_verification": url.startswith("https:"), **off, **kept}


@contextmanager
def _explained(what: str, owner: Owner | None = None) -> Iterator[None]:
    """Turn python-gitlab's errors into ours, which say what to do."""
    try:
        yield
    except GitlabAuthenticationError as error:
        raise HooksError(f"{what}: GitLab refuses the token (401): GITLAB_TOKEN needs the scope api") from error
    except GitlabError as error:
        if owner and owner.kind == "groups" and error.response_code in _NO_GROUP_HOOKS:
            raise GroupHooksError(f"{owner} has no webhooks of its own ({error.response_code})") from error
        code = error.response_code or ""
        words = str(error.error_message).removeprefix(f"{code} ")
        raise HooksError(f"{what}: {code} {words}{_advice(error.response_code)}") from error
    except requests.exceptions.SSLError as error:
        raise HooksError(
            f"{what}: GitLab's certificate is not trusted: name the file with its authority's in CA_CERTIFICATE"
        ) from error
    except OSError as error:  # requests' errors are OSErrors
        raise HooksError(f"GitLab cannot be reached: {type(error).__name__}; is GITLAB_URL right?") from error


def _advice(status: int | None) -> str:
    if status == 403:  # noqa: PLR2004 - HTTP's own number
        return "; webhooks need a maintainer of the project, with the scope api"
    if status == 404:  # noqa: PLR2004
        return "; it does not exist, or the token may not see it"
    return ""
