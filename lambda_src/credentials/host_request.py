"""Read a runner host's request; whatever is malformed is named. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from credentials.errors import RequestError
from credentials.fields import Fields

# What SDKs need: they refresh what is valid for less than 15 minutes.
DEFAULT_MIN_VALIDITY_SECONDS = 960
# A session of one hour can always be served from the cache for a while, whatever is asked for.
MAX_MIN_VALIDITY_SECONDS = 3300


@dataclass(frozen=True)
class HostRequest:
    """A runner host asks for the cache.

    Args:
        grant: the grant.
        object_key: the object's key; empty for the fleet's part of the cache.
        operation: "upload" or "download"; empty if there is no object.
        min_validity_seconds: how long the credentials must be valid at least.
    """

    grant: str
    object_key: str = ""
    operation: str = ""
    min_validity_seconds: int = DEFAULT_MIN_VALIDITY_SECONDS


def parse_host_request(event: object) -> HostRequest:
    """Return the request of an invocation.

    Raises:
        RequestError: it is malformed; the message names the field.
    """
    fields = Fields(event, "", RequestError)
    if fields.integer("version") != 1:
        raise fields.wrong("version", "must be 1")
    grant = fields.text("grant")
    parameters = Fields(fields.raw("parameters") if fields.has("parameters") else {}, "parameters", RequestError)
    fields.finish()
    request = _with_parameters(grant, parameters)
    parameters.finish()
    return request


def _with_parameters(grant: str, parameters: Fields) -> HostRequest:
    has_object, has_operation = parameters.has("object"), parameters.has("operation")
    if has_object != has_operation:
        raise parameters.wrong("operation" if has_object else "object", "is missing: give both, or neither")
    min_validity = parameters.integer("min_validity_seconds", DEFAULT_MIN_VALIDITY_SECONDS)
    if min_validity < 1:
        raise parameters.wrong("min_validity_seconds", "must be at least 1")
    return HostRequest(
        grant=grant,
        object_key=parameters.text("object") if has_object else "",
        operation=parameters.choice("operation", ("upload", "download")) if has_operation else "",
        min_validity_seconds=min(min_validity, MAX_MIN_VALIDITY_SECONDS),
    )
