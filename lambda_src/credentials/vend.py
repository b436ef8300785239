"""Vend credentials: authenticate, authorise, then look for a session. In this order, always."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from credentials import audit, metrics
from credentials.authorize import authorize_host, authorize_job, canonical_claim
from credentials.cache_key import cache_key
from credentials.errors import DeniedError, UnavailableError, VendError
from credentials.model import CacheArea, Credentials, Mode, Order
from credentials.session import host_session, job_session
from credentials.strict_json import StrictJsonError, parse_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credentials.budget import Deadline
    from credentials.grants import Grants
    from credentials.host_request import HostRequest
    from credentials.job_request import JobRequest
    from credentials.metrics import Metrics
    from credentials.model import Grant, Served, Session

# SDKs refresh what is valid for less than 15 minutes; they must not be given what they refresh at once.
JOB_FLOOR_SECONDS = 960
# So much of a session is left to share, however long a validity is asked for.
_SHARED_AT_LEAST_SECONDS = 300

_NO_CLAIMS: Mapping[str, Any] = {}


class Verifier(Protocol):
    """Verifies id_tokens."""

    def verify(self, token: str, deadline: Deadline) -> Mapping[str, Any]:
        """Return the claims of a token."""
        ...


class Sessions(Protocol):
    """Where sessions come from."""

    def session(self, order: Order, deadline: Deadline) -> Served:
        """Return credentials that are valid for longer than the order's floor."""
        ...


class Jobs(Protocol):
    """Knows the jobs."""

    def job(self, project_id: str, job_id: str, deadline: Deadline) -> bytes | None:
        """Return a job as GitLab's JSON, or None if there is no such job."""
        ...


@dataclass(frozen=True)
class Place:
    """Where the function runs, and for which fleet."""

    fleet: str
    region: str
    partition: str
    cache_area: CacheArea


@dataclass(frozen=True)
class Vendor:
    """Vends credentials.

    Args:
        place: where the function runs.
        verifier: verifies id_tokens.
        sessions: where sessions come from.
        jobs: knows the jobs.
        gauge: counts.
    """

    place: Place
    verifier: Verifier
    sessions: Sessions
    jobs: Jobs
    gauge: Metrics

    def to_job(self, request: JobRequest, grants: Grants, deadline: Deadline) -> Credentials:
        """Return credentials for a CI job.

        Raises:
            VendError: it gets none.
        """
        claims = _NO_CLAIMS
        try:
            claims = self.verifier.verify(request.token, deadline)
            grant = self._job_grant(request.grant, grants, claims)
            self._check_running(grant, claims, deadline)
            session = job_session(grant, claims)
            token = request.token if grant.mode is Mode.WEB_IDENTITY else ""
            order = self._order(grant, session, grants.epoch, JOB_FLOOR_SECONDS, token)
            return self._served("jobs", grant, order, claims, deadline)
        except VendError as error:
            self._refused("jobs", request.grant, error, claims)
            raise

    def to_host(self, request: HostRequest, grants: Grants, deadline: Deadline) -> Credentials:
        """Return credentials for a runner host.

        Raises:
            VendError: it gets none.
        """
        try:
            grant = grants.by_name.get(request.grant)
            verdict = authorize_host(grant)
            if grant is None or not verdict.allowed:
                raise DeniedError(verdict.reason)
            place, wanted = self.place, (request.object_key, request.operation)
            session = host_session(grant, place.fleet, place.partition, place.cache_area, wanted)
            order = self._order(grant, session, grants.epoch, request.min_validity_seconds)
            return self._served("hosts", grant, order, _NO_CLAIMS, deadline)
        except VendError as error:
            self._refused("hosts", request.grant, error, _NO_CLAIMS)
            raise

    def _job_grant(self, name: str, grants: Grants, claims: Mapping[str, Any]) -> Grant:
        grant = grants.by_name.get(name)
        verdict = authorize_job(grant, claims)
        if grant is None or not verdict.allowed:
            raise DeniedError(verdict.reason)
        return grant

    def _check_running(self, grant: Grant, claims: Mapping[str, Any], deadline: Deadline) -> None:
        """Refuse a job that does not run any more, at every request: a stolen token ends with its job."""
        if not grant.require_running_job:
            return
        project_id, job_id = (canonical_claim(name, claims.get(name)) for name in ("project_id", "job_id"))
        # A merge request from a fork runs in a project that is not the fork, and is found there.
        place = canonical_claim("project_id", claims.get("job_project_id")) or project_id
        if not place or not job_id:
            raise DeniedError("the id_token does not tell the job")
        job = self.jobs.job(place, job_id, deadline)
        if job is None or _status(job) != "running":
            raise DeniedError(f"job {job_id} of project {place} is not running")

    def _order(self, grant: Grant, session: Session, epoch: int, floor_seconds: float, token: str = "") -> Order:
        key = cache_key(session, region=self.place.region, partition=self.place.partition, epoch=epoch)
        floor = min(floor_seconds, session.duration_seconds - _SHARED_AT_LEAST_SECONDS)
        return Order(key, session, floor, grant.is_cached, token)

    def _served(
        self, door: str, grant: Grant, order: Order, claims: Mapping[str, Any], deadline: Deadline
    ) -> Credentials:
        served = self.sessions.session(order, deadline)
        # Misses are counted where STS is called.
        if served.source != "sts":
            self.gauge.count(metrics.HITS)
        audit.vended(door, grant.name, order.session, served, claims)
        return served.credentials

    def _refused(self, door: str, grant: str, error: VendError, claims: Mapping[str, Any]) -> None:
        if error.status in {401, 403}:
            self.gauge.count(metrics.DENIALS)
        audit.refused(door, grant, error, claims)


def _status(job: bytes) -> object:
    try:
        return parse_object(job).get("status")
    except StrictJsonError as error:
        raise UnavailableError("GitLab cannot be asked about the job", f"GitLab's job: {error}") from error
