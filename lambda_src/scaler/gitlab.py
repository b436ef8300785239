"""Ask GitLab. The only module that does; whatever is not answered whole is a ReadError.

python-gitlab makes the requests. Retries, pages and limits are handled here, because they share one budget and one
deadline, and because a list must never end early unnoticed.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlencode

import gitlab
import requests
from gitlab.exceptions import GitlabAuthenticationError, GitlabHttpError

from common.http import CertificateBundleError
from common.secrets import SecretError
from scaler import answers, created, scope
from scaler.errors import DeniedError, GoneError, MalformedError, ReadError
from scaler.observe import JobList

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scaler.answers import Query
    from scaler.call import Call
    from scaler.matching import Runner
    from scaler.observe import RefKind
    from scaler.pages import Page
    from scaler.silent import Manager
    from scaler.tokens import Tokens

PAGE_SIZE = 100
# A list this long is not read to the end: 5000 jobs of one project are more than any fleet starts instances for.
MAX_PAGES = 50
TIMEOUT_SECONDS = 5.0
TRIES = 3
# What comes later is only a hint, which the count of what is there now does not wait for.
HINT_SECONDS = 2.0
# A longer silence than this is not waited for, because hooks would have to wait, too; the schedule keeps it in mind.
MAX_PAUSE_SECONDS = 2.0
_DEFAULT_PAUSE_SECONDS = 10.0
_BACKOFF_SECONDS = 0.3
_SERVER_ERROR = 500


class PauseError(Exception):
    """GitLab answered 429.

    Args:
        seconds: for how long it asks for silence.
    """

    def __init__(self, seconds: float) -> None:
        # Equal causes have equal words, so that one that lasts is said once.
        super().__init__("GitLab asked for a pause (429)")
        self.seconds = seconds


class RetryableError(ReadError):
    """Another try may help.

    Args:
        reason: what happened.
        wait_seconds: how long to wait before it; None = as the number of tries says.
    """

    def __init__(self, reason: str, wait_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds


class GitLabClient:
    """Answers the requests of one invocation; threads may share it.

    Args:
        url: GitLab's address.
        session: returns the HTTP session, which outlives the invocation; may raise what its certificates raise.
        tokens: the API token.
        call: bounds and counts the requests.
        clock: epoch seconds.
        sleep: waits for seconds.
        jitter: a random number from 0 to 1.
        runner: what the fleet's runner takes.
        narrow: whether the membership scope holds the token's own projects only.
    """

    def __init__(
        self,
        url: str,
        session: Callable[[], requests.Session],
        tokens: Tokens,
        call: Call,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
        runner: Runner,
        narrow: bool = True,
    ) -> None:
        self._url = url
        self._session = session
        self._tokens = tokens
        self._call = call
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._runner = runner
        self._narrow = narrow

    def jobs(self, project_id: int) -> JobList:
        """Return a project's pending and running jobs."""
        path = f"/projects/{project_id}"
        with self._counting():
            try:
                return self._job_list(f"{path}/jobs")
            except DeniedError:
                if not answers.is_without_jobs(self._json(self._get(path, {}))):
                    raise
                return JobList((), requests=2)

    def protected_refs(self, project_id: int, kind: RefKind) -> tuple[str, ...]:
        """Return the names and wildcards of a project's protected branches, or of its protected tags."""
        with self._counting():
            pages = self._pages(f"/projects/{project_id}/{kind}", _query())
            return tuple(answers.name(item) for page in pages for item in page)

    def projects(self, source: str, cursor: str, active_since: float | None) -> scope.Page:
        """Return a page of the projects of a source of `scope.sources`."""
        with self._counting():
            if source.startswith(scope.PROJECT):
                project = self._json(self._get(f"/projects/{_quoted(source, scope.PROJECT)}", {}))
                return scope.Page((answers.number(project, "id"),))
            path, first = self._listing(source, active_since)
            items, following = self._page(path, parse_qs(cursor) if cursor else first)
            ids = tuple(answers.number(item, "id") for item in items)
            return scope.Page(ids, urlencode(following, doseq=True) if following else "")

    def managers(self, runner_id: str) -> tuple[Manager, ...]:
        """Return all managers of a runner.

        GitLab lists a runner's jobs only of projects in which the token is a Reporter, but all of its managers.
        """
        with self._counting():
            response = self._get(f"/runners/{runner_id}/managers", {})
            now = answers.sent_at(response.headers.get("Date", ""))
            return tuple(answers.manager(item, now) for item in answers.items(self._json(response)))

    def created_jobs(self, project_id: int, cursor: str) -> Page:
        """Return a page of the jobs of a project that come later; tried once, because others wait for it."""
        with self._counting():
            body = {"query": created.QUERY, "variables": created.variables(project_id, cursor)}
            try:
                response = self._try(f"{self._url}/api/graphql", {}, body, HINT_SECONDS)
            except DeniedError as error:
                raise DeniedError("GitLab's GraphQL API refuses the token") from error
            return created.page(self._json(response), project_id, self._runner)

    def own_token(self) -> object:
        """Return what GitLab knows about the token that asks."""
        with self._counting():
            return self._json(self._get("/personal_access_tokens/self", {}))

    @contextmanager
    def _counting(self) -> Iterator[None]:
        """Count an answer that arrives and cannot be understood as a failure, too."""
        try:
            yield
        except MalformedError:
            self._call.failed()
            raise

    def _job_list(self, path: str) -> JobList:
        query = _query(pagination="keyset", order_by="id", **{"scope[]": ["pending", "running"]})
        pages = list(self._pages(path, query))
        now = self._clock()
        found = [answers.job(item, now) for page in pages for item in page]
        # Jobs that end while pages are read move the others, so that one may be on two pages.
        unique = {job.id: job for job in found if job is not None}
        return JobList(tuple(unique.values()), requests=len(pages))

    def _listing(self, source: str, active_since: float | None) -> tuple[str, Query]:
        if source.startswith(scope.GROUP):
            path = f"/groups/{_quoted(source, scope.GROUP)}/projects"
            return path, _query(order_by="id", include_subgroups="true", with_shared="false", simple="true")
        query = _query(pagination="keyset", order_by="id", archived="false", simple="true")
        if self._narrow:
            query["membership"] = ["true"]
        if active_since is not None:
            query["last_activity_after"] = [datetime.fromtimestamp(active_since, UTC).isoformat(timespec="seconds")]
        return "/projects", query

    def _pages(self, path: str, query: Query) -> Iterator[list[Any]]:
        for _ in range(MAX_PAGES):
            items, following = self._page(path, query)
            yield items
            if following is None:
                return
            query = following
        raise ReadError(f"the list has more than {MAX_PAGES * PAGE_SIZE} entries")

    def _page(self, path: str, query: Query) -> tuple[list[Any], Query | None]:
        response = self._get(path, query)
        items = answers.items(self._json(response))
        size = response.headers.get("X-Per-Page", "")
        page_size = int(size) if size.isdecimal() else PAGE_SIZE
        return items, answers.next_query(response.links.get("next", {}).get("url"), query, len(items), page_size)

    def _json(self, response: requests.Response) -> Any:  # noqa: ANN401
        try:
            return response.json()
        except ValueError as error:
            raise MalformedError("GitLab's answer is not JSON; does a proxy answer in its stead?") from error

    def _get(self, path: str, query: Query) -> requests.Response:
        """Make a request, again after a while if that makes sense."""
        for attempt in range(1, TRIES):
            try:
                return self._try(path, query)
            except RetryableError as error:
                backoff = _BACKOFF_SECONDS * 2 ** (attempt - 1) * (0.5 + self._jitter())
                self._sleep(backoff if error.wait_seconds is None else error.wait_seconds)
                if not self._call.has_time:
                    raise
        return self._try(path, query)

    def _try(
        self, path: str, query: Query, body: dict[str, Any] | None = None, timeout: float = TIMEOUT_SECONDS
    ) -> requests.Response:
        token = self._tokens.get()
        seconds = min(self._call.take(), timeout)
        try:
            return self._request(token, path, query, body, seconds)
        except GitlabAuthenticationError as error:
            self._call.failed()
            self._tokens.refuse(token)
            raise RetryableError("GitLab refuses the token (401)", wait_seconds=0) from error
        except PauseError as error:
            if self._call.pause(error.seconds) and error.seconds <= MAX_PAUSE_SECONDS:
                raise RetryableError(str(error), error.seconds) from error
            raise ReadError(str(error)) from error
        except GitlabHttpError as error:
            raise _http_failure(error, path, may_retry=self._call.failed()) from error
        except requests.RequestException as error:
            kind = RetryableError if self._call.failed() else ReadError
            raise kind(f"GitLab cannot be reached ({type(error).__name__})") from error

    def _request(
        self, token: str, path: str, query: Query, body: dict[str, Any] | None, seconds: float
    ) -> requests.Response:
        try:
            session = self._session()
        except (SecretError, CertificateBundleError) as error:
            raise ReadError(str(error)) from error
        client = gitlab.Gitlab(self._url, private_token=token, session=session)
        return client.http_request(
            "post" if body else "get",
            path,
            query_data=dict(query),
            post_data=body,
            timeout=seconds,
            obey_rate_limit=False,
            retry_transient_errors=False,
        )


def stop_at_429(response: requests.Response, *_args: object, **_kwargs: object) -> None:
    """Raise PauseError for a 429: a response hook of the session, because python-gitlab's error has no headers."""
    if response.status_code == requests.codes.too_many_requests:
        wait = response.headers.get("Retry-After", "")
        raise PauseError(float(wait) if wait.isdecimal() else _DEFAULT_PAUSE_SECONDS)


def _http_failure(error: GitlabHttpError, path: str, *, may_retry: bool) -> ReadError:
    status = error.response_code or 0
    if status == requests.codes.forbidden:
        return DeniedError(f"403 at {_kind(path)}: give the token's user the Reporter role, or narrow the scope")
    if status == requests.codes.not_found:
        return GoneError(f"404 at {_kind(path)}: it is gone or hidden from the token's user")
    kind = RetryableError if may_retry and status >= _SERVER_ERROR else ReadError
    return kind(f"GitLab answers {status}")


def _kind(path: str) -> str:
    """Return what a path is about, without its id, so that equal failures are told once."""
    return "/".join(":id" if number % 2 else part for number, part in enumerate(path.strip("/").split("/")))


def _query(**parameters: str | list[str]) -> Query:
    both = {"per_page": str(PAGE_SIZE), **parameters}
    return {key: value if isinstance(value, list) else [value] for key, value in both.items()}


def _quoted(source: str, prefix: str) -> str:
    return quote(source.removeprefix(prefix), safe="")
