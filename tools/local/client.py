"""Clients of the local AWS, for tools that know a stack by its addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.config import Config


def client(service: str, addresses: Mapping[str, Any], config: Config | None = None) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """Return a client of a stack's AWS.

    Args:
        service: the service's name in boto3.
        addresses: what the stack's outputs.json holds.
        config: how the client behaves, None = as usual.
    """
    make: Callable[..., Any] = boto3.client
    return make(
        service,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the local AWS takes any
        config=config,
        endpoint_url=addresses["aws_endpoint"],
        region_name=addresses["region"],
    )
