"""The request in hand, as far as IAM's conditions need it and MiniStack does not keep it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from tools.local.aws import conditions, emulator

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.local.aws.autoscaling.scaling import Scaling

Request = tuple[dict[str, str], bytes, dict[str, list[str]]]

REQUEST: ContextVar[Request] = ContextVar("REQUEST", default=({}, b"", {}))
"""Its headers, its body and its query."""


def request_keys(service: str) -> dict[str, Any]:
    """Return the condition keys of the request in hand."""
    headers, body, _ = REQUEST.get()
    fields = conditions.body_fields(headers.get("content-type", ""), body)
    if service == "kms":
        return conditions.kms_keys(fields)
    if service == "dynamodb":
        return conditions.dynamodb_keys(fields, hash_key)
    return conditions.cloudwatch_keys(fields) if service in ("monitoring", "cloudwatch") else {}


def hash_key(table: str) -> str | None:
    """Return the name of a table's partition key."""
    record = emulator.load("services.dynamodb")._tables.get(table.rpartition("/")[2])  # noqa: SLF001
    schema = record["KeySchema"] if record else []
    return next((str(each["AttributeName"]) for each in schema if each["KeyType"] == "HASH"), None)


def scaling_resource(scaling: Scaling, region: str, action: str) -> tuple[str, dict[str, Any]]:
    """Return the group that an Auto Scaling request is about, as an ARN, and its tags as condition keys."""
    headers, body, _ = REQUEST.get()
    fields = conditions.body_fields(headers.get("content-type", ""), body)
    if action.startswith("autoscaling:Describe"):
        return "*", {}
    found = scaling.owner(emulator.scope()[0], region, fields.get("AutoScalingGroupName"), fields.get("InstanceId"))
    if found is None:
        name = fields.get("AutoScalingGroupName", "*")
        return f"arn:aws:autoscaling:{region}:{emulator.scope()[0]}:autoScalingGroup:*:autoScalingGroupName/{name}", {}
    tags = {
        f"{prefix}:ResourceTag/{tag}": value for prefix in ("aws", "autoscaling") for tag, value in found[1].items()
    }
    return found[0], tags


def session_role(arn: str) -> str:
    """Return the ARN of the role that a session's ARN is of; any other ARN as it is."""
    head, is_session, rest = arn.partition(":assumed-role/")
    if not is_session:
        return arn
    account, name = head.rpartition(":")[2], rest.partition("/")[0]
    role = emulator.load("services.iam")._roles.get_scoped(account, None, name)  # noqa: SLF001 - it knows the path
    return str(role["Arn"]) if role else f"arn:aws:iam::{account}:role/{name}"


def set_condition_key(key: str, value: Callable[[Any], str]) -> None:
    """Let a global condition key have the value that a function makes of MiniStack's context.

    Args:
        key: its name in lower case.
        value: makes its value.
    """

    def make(original: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
        return lambda name, context: value(context) if name.lower() == key else original(name, context)

    emulator.replace("core.iam_evaluator", "_resolve_condition_key", make)


def qualified(function_arn: str) -> str:
    """Return a function's ARN with the alias or version that the request names."""
    qualifier = REQUEST.get()[2].get("Qualifier", [""])[0]
    is_plain = function_arn.count(":") == 6  # noqa: PLR2004 - arn:partition:lambda:region:account:function:name
    return f"{function_arn}:{qualifier}" if qualifier and is_plain else function_arn
