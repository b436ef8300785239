"""Checks of the function URLs and of who may invoke what."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tools.smoke.fleet import status_of
from tools.smoke.model import Check, FailedError, NotTriedError, require

if TYPE_CHECKING:
    from tools.smoke.fleet import Fleet

UNAUTHORIZED = 401
AGAIN = "run terraform apply again"
SERVICE_ROLE = "AWSServiceRoleForAutoScaling"
WAYS_OUT = {
    403: "Lambda refuses before the function runs: see the check of the permissions",
    502: "the function fails: see its log group, and docs/runbooks/function-errors.md",
}


def webhook_url(fleet: Fleet) -> str:
    """The webhook's URL answers, and refuses what is not signed."""
    return _refuses(fleet, _url(fleet, "webhook"), "POST", "/")


def webhook_permissions(fleet: Fleet) -> str:
    """The public may use the webhook through its URL and in no other way."""
    _url(fleet, "webhook")
    return _only_through_url(fleet.statements("webhook"))


def credentials_url(fleet: Fleet) -> str:
    """The vendor's URL answers, and refuses who has no token."""
    return _refuses(fleet, _url(fleet, "credentials", "jobs"), "GET", "/v1/credentials/smoke")


def credentials_permissions(fleet: Fleet) -> str:
    """The public may use the alias `jobs` through its URL, and nothing else of the vendor."""
    fleet.settings("credentials")
    for alias in ("", "check", "hosts"):
        public = [str(entry.get("Sid")) for entry in fleet.statements("credentials", alias) if _is_public(entry)]
        require(not public, f"{alias or 'the function'} is open to the public: {', '.join(public)}", AGAIN)
    return _only_through_url(fleet.statements("credentials", "jobs"))


def termination_permission(fleet: Fleet) -> str:
    """Auto Scaling's service-linked role exists and may invoke the termination policy."""
    named = [
        entry
        for entry in fleet.statements("termination", "live")
        if any(name.endswith(f"/{SERVICE_ROLE}") for name in _principals(entry))
        and _allows(entry, "lambda:InvokeFunction")
    ]
    require(named, f"the policy of the alias live does not name {SERVICE_ROLE}", AGAIN)
    if fleet.is_local:
        return "the alias's policy names the role (there is none in the local AWS)"
    iam = fleet.client("iam")
    try:
        iam.get_role(RoleName=SERVICE_ROLE)
    except iam.exceptions.NoSuchEntityException as error:
        advice = "aws iam create-service-linked-role --aws-service-name autoscaling.amazonaws.com, then apply again"
        raise FailedError(f"{SERVICE_ROLE} does not exist in this account", advice) from error
    return f"{SERVICE_ROLE} exists and may invoke the alias live"


def termination_answers(fleet: Fleet) -> str:
    """The termination policy answers; asked about no instance it names none."""
    question = {"CapacityToTerminate": [], "Cause": "SCALE_IN", "Instances": []}
    answer = fleet.client("lambda").invoke(
        FunctionName=fleet.function("termination"), Payload=json.dumps(question), Qualifier="live"
    )
    text = answer["Payload"].read().decode()
    require(
        "FunctionError" not in answer, f"it failed: {text}", "see its log group and docs/runbooks/function-errors.md"
    )
    require(json.loads(text) == {"InstanceIDs": []}, f"it answered {text}", AGAIN)
    return "asked about no instance it names none"


def _url(fleet: Fleet, part: str, alias: str = "") -> str:
    """Return a function's URL; a webhook without one belongs to a fleet that only polls."""
    fleet.settings(part)
    lambdas = fleet.client("lambda")
    qualifier = {"Qualifier": alias} if alias else {}
    try:
        config = lambdas.get_function_url_config(FunctionName=fleet.function(part), **qualifier)
    except lambdas.exceptions.ResourceNotFoundException as error:
        if part == "webhook":
            raise NotTriedError("this fleet has no function URL (lambda.allow_function_url)") from error
        raise FailedError("it has no function URL", AGAIN) from error
    return str(config["FunctionUrl"])


def _refuses(fleet: Fleet, url: str, method: str, path: str) -> str:
    address = fleet.address(url, path)
    try:
        status = status_of(method, address)
    except OSError as error:
        raise FailedError(f"{address} does not answer: {error}", "does this machine reach AWS over https?") from error
    advice = WAYS_OUT.get(status, "is this the fleet's URL? See docs/runbooks/webhook-refusals.md")
    require(status == UNAUTHORIZED, f"an unsigned request got {status} instead of {UNAUTHORIZED}", advice)
    return f"an unsigned request got {status}"


def _only_through_url(statements: list[dict[str, Any]]) -> str:
    public = [entry for entry in statements if _is_public(entry)]
    first = [entry for entry in public if _allows(entry, "lambda:InvokeFunctionUrl")]
    second = [entry for entry in public if _allows(entry, "lambda:InvokeFunction") and _is_through_url(entry)]
    require(first, "the public may not invoke the URL (lambda:InvokeFunctionUrl)", AGAIN)
    require(second, "lambda:InvokeFunction through the URL (InvokedViaFunctionUrl) is missing", AGAIN)
    others = [str(entry.get("Sid")) for entry in public if entry not in first + second]
    require(not others, f"the public may invoke it otherwise: {', '.join(others)}", "remove these statements")
    return "both permissions, and no other for the public"


def _is_through_url(entry: dict[str, Any]) -> bool:
    return re.search(r'"lambda:InvokedViaFunctionUrl": "?true', json.dumps(entry), re.IGNORECASE) is not None


def _principals(entry: dict[str, Any]) -> list[str]:
    """Return whom a statement names, of whatever kind."""
    principal = entry.get("Principal")
    named = list(principal.values()) if isinstance(principal, dict) else [principal]
    return [str(name) for value in named for name in (value if isinstance(value, list) else [value])]


def _is_public(entry: dict[str, Any]) -> bool:
    return entry.get("Effect") == "Allow" and "*" in _principals(entry)


def _allows(entry: dict[str, Any], action: str) -> bool:
    actions = entry.get("Action", [])
    return action in ([actions] if isinstance(actions, str) else actions)


CHECKS = (
    Check("webhook-url", webhook_url),
    Check("webhook-permissions", webhook_permissions),
    Check("credentials-url", credentials_url),
    Check("credentials-permissions", credentials_permissions),
    Check("termination-permission", termination_permission),
    Check("termination-answers", termination_answers),
)
