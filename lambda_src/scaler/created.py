"""Ask GraphQL for the jobs of a project that exist already and come later: REST names neither `needs` nor `when`. Pure.

`manualJob` is true of delayed jobs, too. Fields: https://docs.gitlab.com/api/graphql/reference/#cijob. GitLab answers
`jobs` of one project a query, the newest first, and 100 jobs at most; see `scaler.pages` for the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scaler import history, matching
from scaler.errors import MalformedError
from scaler.model import Job
from scaler.pages import Page
from scaler.pipelines import Created, stage_key

if TYPE_CHECKING:
    from scaler.matching import Runner

QUERY = """query($ids: [ID!], $first: Int, $after: String) {
  projects(ids: $ids, first: 1) {
    nodes {
      jobs(statuses: [CREATED, PREPARING, SCHEDULED, WAITING_FOR_RESOURCE], first: $first, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes {
          id
          name
          status
          allowFailure
          manualJob
          schedulingType
          tags
          stage { name }
          pipeline { id }
          needs { nodes { name } }
        }
      }
    }
  }
}"""
PAGE_SIZE = 100
_WAITS_FOR_OTHERS = frozenset({"SCHEDULED", "WAITING_FOR_RESOURCE"})


def variables(project_id: int, cursor: str) -> dict[str, Any]:
    """Return the variables of the query for the page that begins at a cursor, "" = the first one."""
    return {"ids": [f"gid://gitlab/Project/{project_id}"], "first": PAGE_SIZE, "after": cursor or None}


def page(document: Any, project_id: int, runner: Runner) -> Page:  # noqa: ANN401
    """Return the later jobs that an answer holds.

    Raises:
        MalformedError: the answer is an error, or not as documented.
    """
    try:
        if document.get("errors"):
            raise MalformedError("GitLab refuses the query for later jobs")
        projects = document["data"]["projects"]["nodes"]
        lists = [project["jobs"] for project in projects if project["jobs"]]
        found = tuple(_created(node, project_id, runner) for jobs in lists for node in jobs["nodes"])
        return Page(found, *(_cursor(jobs["pageInfo"]) for jobs in lists[:1]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MalformedError(f"GitLab's answer about later jobs is malformed: {error!r}") from error


def _created(node: dict[str, Any], project_id: int, runner: Runner) -> Created:
    automatic = not node["manualJob"] and node["status"] not in _WAITS_FOR_OTHERS
    tags = frozenset(map(str, node["tags"] or ()))
    return Created(
        id=_number(node["id"]),
        pipeline=_number(node["pipeline"]["id"]),
        name=history.key(project_id, str(node["name"])),
        stage=stage_key(str(node["stage"]["name"])),
        needs=_needs(node, project_id),
        is_ours=matching.takes(runner, Job(0, is_running=False, queued_at=0, tags=tags)),
        is_automatic=automatic,
        is_optional=bool(node["manualJob"] and node["allowFailure"]),
    )


def _cursor(info: dict[str, Any]) -> str:
    return str(info["endCursor"]) if info["hasNextPage"] else ""


def _needs(node: dict[str, Any], project_id: int) -> tuple[int, ...] | None:
    if node["schedulingType"] != "dag":
        return None
    # Parallel jobs share one key, and may be 200.
    return tuple(dict.fromkeys(history.key(project_id, str(need["name"])) for need in node["needs"]["nodes"]))


def _number(identifier: str) -> int:
    """Return the number of a global id such as gid://gitlab/Ci::Build/42."""
    return int(str(identifier).rpartition("/")[2])
