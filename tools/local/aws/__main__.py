"""`python -m tools.local.aws`: start the local AWS."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.local.aws.server import Options, ServerError, run


def parse(arguments: list[str]) -> Options:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tools.local.aws", description="The local AWS, on loopback only.")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free port")
    parser.add_argument(
        "--ready-file", type=Path, help="gets the port and the endpoint as JSON once the server answers"
    )
    parser.add_argument("--boot-seconds", type=float, default=3.0, help="how long an instance is Pending")
    parser.add_argument("--auth", action=argparse.BooleanOptionalAction, default=False, help="enforce IAM")
    parser.add_argument("--parent-pid", type=int, help="end when this process is gone")
    parser.add_argument("--lambda-workers", type=int, default=4, help="processes one function may have at once")
    parser.add_argument("--log-level", default="warning", choices=["debug", "info", "warning", "error"])
    found = parser.parse_args(arguments)
    return Options(
        port=found.port,
        ready_file=found.ready_file,
        boot_seconds=found.boot_seconds,
        auth=found.auth,
        parent_pid=found.parent_pid,
        lambda_workers=found.lambda_workers,
        log_level=found.log_level,
    )


if __name__ == "__main__":
    try:
        run(parse(sys.argv[1:]))
    except ServerError as error:
        sys.exit(f"error: {error}")
