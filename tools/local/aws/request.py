"""The request in hand, as far as IAM's conditions need it and MiniStack does not keep it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from tools.local.aws import conditions, emulator

if TYPE_CHECKING:
    from tools.local.aws.autoscaling.scaling import Scaling

REQUEST: ContextVar[tuple[dict[str, str], bytes]] = ContextVar("REQUEST", default=({}, b""))
"""Its headers and its body."""


def request_keys(service: str) -> dict[str, Any]:
    """Return the condition keys of the request in hand."""
    headers, body = REQUEST.get()
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
    headers, body = REQUEST.get()
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
