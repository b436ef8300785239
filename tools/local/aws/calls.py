"""Which operation of a service a request asks for, whatever the service's protocol."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ServiceModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from botocore.model import OperationModel

SERVICES = {"monitoring": "cloudwatch"}
UNKNOWN = "Unknown"
RPC = re.compile(r"/service/[^/]+/operation/([A-Za-z0-9]+)")


def service_name(name: str) -> str:
    """Return a service's name as clients know it."""
    return SERVICES.get(name, name)


def operation_name(
    service: str, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Sequence[str]]
) -> str:
    """Return the operation that a request asks for; `Unknown` when it cannot be told."""
    target = headers.get("x-amz-target", "")
    if target:
        return target.rpartition(".")[2]
    rpc = RPC.match(path)
    if rpc:
        return rpc.group(1)
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = parse_qs(body.decode("utf-8", errors="replace"))
        return form.get("Action", [UNKNOWN])[0]
    return (
        query["Action"][0]
        if "Action" in query
        else rest_operation(service, method, path, {name.lower() for name in (*query, *headers)})
    )


def rest_operation(service: str, method: str, path: str, given: set[str]) -> str:
    """Return the REST operation whose method, path and required query and headers match; the most specific one."""
    matching = [
        (len(required), len(pattern.pattern), name)
        for name, wanted, pattern, required in rest_patterns(service)
        if wanted == method and required <= given and pattern.fullmatch(path)
    ]
    return max(matching)[2] if matching else UNKNOWN


@cache
def rest_patterns(service: str) -> list[tuple[str, str, re.Pattern[str], frozenset[str]]]:
    """Return every operation of a REST service: name, method, path pattern and the query and headers it always has."""
    try:
        model = ServiceModel(Loader().load_service_model(service_name(service), "service-2"), service)
    except UnknownServiceError:
        return []
    patterns = []
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, fixed = operation.http["requestUri"].partition("?")
        pattern = re.sub(r"\\\{\w+\\\+\\\}", ".+", re.escape(path))
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", pattern)
        required = set(parse_qs(fixed.lower(), keep_blank_values=True)) | required_names(operation)
        patterns.append((name, operation.http["method"], re.compile(pattern), frozenset(required)))
    return patterns


def required_names(operation: OperationModel) -> set[str]:
    """Return the names of an operation's required query parameters and headers."""
    shape = operation.input_shape
    members = [shape.members[name] for name in shape.required_members] if shape else []
    places = [member.serialization for member in members]
    return {str(place["name"]).lower() for place in places if place.get("location") in ("querystring", "header")}
