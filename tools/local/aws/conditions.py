"""The IAM condition keys of a request that MiniStack does not know, read from the request itself. Pure.

Source: AWS Service Authorization Reference, pages of KMS, DynamoDB and CloudWatch.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from tools.local.aws import cbor

if TYPE_CHECKING:
    from collections.abc import Callable

    Keys = dict[str, Any]


def body_fields(content_type: str, body: bytes) -> dict[str, Any]:
    """Return the top-level fields of a request in any of AWS's protocols; none when it cannot be read."""
    try:
        if "cbor" in content_type:
            fields = cbor.loads(body)
        elif "x-www-form-urlencoded" in content_type:
            fields = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
        else:
            fields = json.loads(body)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def kms_keys(fields: dict[str, Any]) -> Keys:
    """Return `kms:EncryptionContext:<name>` and `kms:EncryptionContextKeys`."""
    context = fields.get("EncryptionContext")
    if not isinstance(context, dict) or not context:
        return {}
    named: Keys = {f"kms:EncryptionContext:{name}": value for name, value in context.items()}
    return named | {"kms:EncryptionContextKeys": sorted(context)}


def cloudwatch_keys(fields: dict[str, Any]) -> Keys:
    """Return `cloudwatch:namespace`, which only PutMetricData has."""
    puts = any(name.partition(".")[0] == "MetricData" for name in fields)
    return {"cloudwatch:namespace": fields.get("Namespace", "")} if puts else {}


def dynamodb_keys(fields: dict[str, Any], hash_key: Callable[[str], str | None]) -> Keys:
    """Return `dynamodb:LeadingKeys`: the partition keys that a request names, where it names any.

    Args:
        fields: the request.
        hash_key: gives the name of a table's partition key.
    """
    found: list[str] = []
    for table, item in keyed_items(fields):
        name = hash_key(table)
        if name is not None and name in item:
            found += [str(value) for value in item[name].values()]
    found += queried_key(fields, hash_key(str(fields.get("TableName", ""))))
    return {"dynamodb:LeadingKeys": found} if found else {}


def keyed_items(fields: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return every key or item of a request with its table."""
    items = [(str(fields.get("TableName", "")), fields[name]) for name in ("Key", "Item") if name in fields]
    for entry in fields.get("TransactItems", []):
        for action in entry.values():
            items += keyed_items(action)
    for table, requested in fields.get("RequestItems", {}).items():
        if isinstance(requested, dict):
            items += [(table, key) for key in requested.get("Keys", [])]
        else:
            items += [
                (table, each.get("Item") or each.get("Key", {})) for entry in requested for each in entry.values()
            ]
    return items


def queried_key(fields: dict[str, Any], name: str | None) -> list[str]:
    """Return the partition key that a Query's key condition asks for."""
    aliases = fields.get("ExpressionAttributeNames", {})
    values = fields.get("ExpressionAttributeValues", {})
    for left, right in re.findall(r"(#?[\w.-]+)\s*=\s*(:\w+)", fields.get("KeyConditionExpression", "")):
        if aliases.get(left, left) == name and right in values:
            return [str(value) for value in values[right].values()]
    return []
