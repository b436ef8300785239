"""``make smoke FLEET=name``: 0 if no check of the fleet fails, 1 if one does, 2 if it cannot be looked at."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from tools.local.addresses import NotUpError, addresses
from tools.local.names import stack_name
from tools.smoke.fleet import Fleet, connect
from tools.smoke.model import FAILED, SmokeError
from tools.smoke.run import CHECKS, run, summary

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTE = "It reads, sends unsigned requests to the URLs and asks two functions a question: well below a cent."
CHANGE_NOTE = (
    "CHANGE: one instance more is launched, and terminated when it is in service: it costs what the instance does for "
    "that time. If this is stopped halfway, the scaler removes the instance after gitlab.runner_idletime."
)


def main(arguments: Sequence[str]) -> int:
    """Check the fleet that is named, or the local stack's."""
    options = _parser().parse_args(arguments)
    try:
        fleet = _fleet(options)
        print(f"{fleet.name}: {NOTE}")
        if options.change:
            print(CHANGE_NOTE)
        results = run(fleet, CHECKS, lambda text: print(text, flush=True), changes=options.change)
    except (NotUpError, SmokeError) as error:
        print(f"error: make smoke: {error}", file=sys.stderr)
        return 2
    print(summary(results))
    return int(any(result.status == FAILED for result in results))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tools.smoke", description=__doc__)
    parser.add_argument("--fleet", default="", help="the module's input name; none = the local stack's")
    # Terraform reads AWS_REGION, boto3 only AWS_DEFAULT_REGION and profiles.
    parser.add_argument("--region", default=os.environ.get("AWS_REGION"), help="the fleet's region")
    parser.add_argument("--stack", default="local", type=stack_name, help="the local stack of make up STACK=…")
    parser.add_argument("--change", action="store_true", help="also boot an instance, and terminate it again")
    return parser


def _fleet(options: argparse.Namespace) -> Fleet:
    """Return the fleet of an account, or of a local stack.

    Raises:
        NotUpError: none is named, and the local stack is not up.
        SmokeError: there is none.
    """
    if options.fleet:
        return connect(options.fleet, options.region, "")
    local = addresses(options.stack, "FLEET=name")
    return connect(local["fleet"], local["region"], local["aws_endpoint"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
