"""``make grants-check``: print a table; 0 if no grant fails, 1 if one does, 2 if they could not be tried."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from tools.grants_check import table
from tools.grants_check.vendor import CheckError, results, way_out
from tools.local.addresses import NotUpError, addresses
from tools.local.client import client
from tools.local.names import stack_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# A function answers within twelve seconds, after a cold start.
READ_SECONDS = 60
INSTEAD = "FUNCTION=name for a deployed one, with your AWS credentials"
CONFIG = Config(read_timeout=READ_SECONDS, retries={"mode": "standard", "total_max_attempts": 3})


def main(arguments: list[str]) -> int:
    """Try the grants of a deployed function, or of a local stack."""
    options = parser().parse_args(arguments)
    try:
        name, client = deployed(options.function) if options.function else local(addresses(options.stack, INSTEAD))
        found = list(results(client, name))
    except (CheckError, NotUpError) as error:
        print(f"error: make grants-check: {error}", file=sys.stderr)
        return 2
    print("\n".join(table.lines(found)))
    return int(any(result.is_failure for result in found))


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(prog="tools.grants_check", description=__doc__)
    made.add_argument("--function", default="", help="name or ARN of the credentials function, without alias")
    made.add_argument("--stack", default="local", type=stack_name, help="the local stack of make up STACK=…")
    return made


def deployed(function: str) -> tuple[str, Any]:
    """Return a function of AWS and a client for it, with the caller's own credentials."""
    # Terraform reads AWS_REGION, boto3 only AWS_DEFAULT_REGION and profiles.
    region = os.environ.get("AWS_REGION")
    return function, aws(region_name=region) if region else aws()


def local(stack: Mapping[str, Any]) -> tuple[str, Any]:
    """Return the function of a local stack, by its addresses, and a client for it.

    Raises:
        CheckError: it has no credential vendor.
    """
    if not stack.get("credentials_function"):
        raise CheckError(f"the stack at {stack['aws_endpoint']} has no credential vendor")
    return str(stack["credentials_function"]), client("lambda", stack, CONFIG)


def aws(**options: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """Return a client of Lambda.

    Raises:
        CheckError: the region or a profile is missing.
    """
    make: Callable[..., Any] = boto3.client
    try:
        return make("lambda", config=CONFIG, **options)
    except BotoCoreError as error:
        raise CheckError(way_out(error)) from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
