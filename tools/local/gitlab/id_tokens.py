"""Id_tokens of CI jobs, as GitLab issues them, and bad ones for those who must refuse them.

Source: GitLab documentation, "OpenID Connect (OIDC) Authentication Using ID Tokens", token payload.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tools.local.gitlab.errors import ControlError
from tools.local.gitlab.fields import parse_body
from tools.local.gitlab.messages import Json, Response, json_response
from tools.local.gitlab.signing_keys import SIGNERS

if TYPE_CHECKING:
    from tools.local.gitlab.model import Job
    from tools.local.gitlab.world import Call, World

JOB_TIMEOUT_SECONDS = 3600
NOT_BEFORE_SECONDS = 5
KEYS_PATH = "/oauth/discovery/keys"


def get_keys(world: World, _call: Call) -> Response:
    """GET /oauth/discovery/keys."""
    return json_response(world.keys.key_set())


def get_configuration(world: World, _call: Call) -> Response:
    """GET /.well-known/openid-configuration: the part that is about id_tokens."""
    issuer = world.hooks.instance_url
    content: Json = {
        "claims_supported": sorted(default_claims(world, None, 0.0)),
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer,
        "jwks_uri": f"{issuer}{KEYS_PATH}",
        "subject_types_supported": ["public"],
    }
    return json_response(content)


def rotate_keys(world: World, _call: Call) -> Response:
    """POST /_control/keys/rotate."""
    world.keys.rotate()
    return json_response(world.keys.key_set())


def create_id_token(world: World, call: Call) -> Response:
    """POST /_control/id_token: the body is claims, the query says how the token is bad, if it is."""
    claims = parse_body(call.request.body)
    if not isinstance(claims, dict):
        raise ControlError(f"the body must be a JSON object of claims, not {type(claims).__name__}")
    signer = call.parameters.text("key", "current") or "current"
    if signer not in SIGNERS:
        raise ControlError(f"key must be one of {', '.join(SIGNERS)}, not {signer}")
    named = "current" if signer in ("public", "none") else signer
    header: Json = {"alg": "RS256", "kid": world.keys.key_id(named), "typ": "JWT"}
    made = overridden(default_claims(world, job_of(world, claims), call.now), claims)
    token = world.keys.token(overridden(header, header_of(call)), made, signer)
    return json_response({"claims": made, "id_token": token})


def header_of(call: Call) -> Json:
    """Return the header fields that a request overrides.

    Raises:
        ControlError: they are no JSON object.
    """
    text = call.parameters.text("header") or "{}"
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ControlError(f"header must be a JSON object, not {text}")
    return found


def overridden(defaults: Json, given: Json) -> Json:
    """Return the defaults with what is given in their place; null removes."""
    return {name: value for name, value in {**defaults, **given}.items() if value is not None}


def job_of(world: World, claims: Json) -> Job | None:
    """Return the job that claims name, if the stand-in has it."""
    number = str(claims.get("job_id", ""))
    return world.store.jobs.get(int(number)) if number.isascii() and number.isdecimal() else None


def default_claims(world: World, job: Job | None, now: float) -> Json:
    """Return the claims of a job's id_token; without a job those of one on the default branch of project 42."""
    issuer, at = world.hooks.instance_url, int(now)
    place = place_claims(world, job)
    subject = f"project_path:{place['project_path']}:ref_type:{place['ref_type']}:ref:{place['ref']}"
    config = f"{urlsplit(issuer).netloc}/{place['project_path']}//.gitlab-ci.yml@{place['ref_path']}"
    return {
        **place,
        **time_claims(at),
        "aud": world.settings.id_token_audience or issuer,
        "ci_config_ref_uri": config,
        "ci_config_sha": place["sha"],
        "iss": issuer,
        "pipeline_source": "push",
        "runner_environment": "self-hosted",
        "runner_id": world.info["runner_id"],
        "sub": subject,
        "user_access_level": "maintainer",
        "user_email": "root@example.com",
        "user_id": "2",
        "user_login": "root",
    }


def time_claims(at: int) -> Json:
    """Return the claims about a token's time, and its own id."""
    times = {"exp": at + JOB_TIMEOUT_SECONDS, "iat": at, "nbf": at - NOT_BEFORE_SECONDS}
    return {**times, "jti": str(uuid.uuid4())}


def place_claims(world: World, job: Job | None) -> Json:
    """Return the claims about a job's project and ref."""
    project = world.store.projects.get(job.project_id) if job else None
    pipeline = world.store.pipelines.get(job.pipeline_id) if job else None
    path = project.full_path if project else "acme/shop"
    kind = "tag" if job and job.tag else "branch"
    ref = job.ref if job else "main"
    return {
        "job_id": str(job.id if job else 302),
        "namespace_id": str((project.group_id if project else 7) or 1),
        "namespace_path": path.rpartition("/")[0],
        "pipeline_id": str(job.pipeline_id if job else 574),
        "project_id": str(job.project_id if job else 42),
        "project_path": path,
        "project_visibility": project.visibility if project else "private",
        "ref": ref,
        "ref_path": f"refs/{'tags' if kind == 'tag' else 'heads'}/{ref}",
        "ref_protected": "true" if job is None or job.protected else "false",
        "ref_type": kind,
        "sha": pipeline.sha if pipeline else hashlib.sha256(path.encode()).hexdigest()[:40],
    }
