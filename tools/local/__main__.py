"""``make up`` and ``make down``: start the local stack and leave it running, or stop it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time

from tools.local import control, processes, stack, terraform
from tools.local.names import stack_name

EXPECTED = (terraform.TerraformError, processes.ProcessError, control.ControlError, OSError)


def main(arguments: list[str]) -> int:
    """Run a command; a failure is one sentence and exit code 1, and leaves nothing running."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = parser().parse_args(arguments)
    try:
        return up(options) if options.command == "up" else down(options.stack)
    except EXPECTED as error:
        print(f"error: make {options.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; nothing was left running", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    root = argparse.ArgumentParser(prog="tools.local", description=__doc__)
    commands = root.add_subparsers(dest="command", required=True)
    for name in ("up", "down"):
        commands.add_parser(name).add_argument("--stack", default="local", type=stack_name)
    up_parser = commands.choices["up"]
    up_parser.add_argument("--actuator", default="lambda", choices=("lambda", "alarms"))
    up_parser.add_argument("--gitlab-url", default="")
    up_parser.add_argument("--gitlab-projects", default="", type=words)
    up_parser.add_argument("--gitlab-groups", default="", type=words)
    return root


def words(text: str) -> tuple[str, ...]:
    """Split a comma-separated list."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def up(options: argparse.Namespace) -> int:
    """Start the stack and say where it is."""
    started = time.monotonic()
    gitlab = None
    if options.gitlab_url:
        token = os.environ.get("GITLAB_TOKEN", "")
        if not token:
            raise control.ControlError("GITLAB_URL needs GITLAB_TOKEN, a token with read_api")
        if reason := control.unreachable(options.gitlab_url):
            print(f"warning: {options.gitlab_url} does not answer, so the fleet will see no jobs: {reason}")
        gitlab = stack.GitLab(options.gitlab_url, token, options.gitlab_projects, options.gitlab_groups)
    chosen = stack.Stack(stack.Options(options.stack, actuator=options.actuator, gitlab=gitlab))
    addresses = chosen.up()
    print(f"up after {time.monotonic() - started:.0f} s; addresses, names and keys: {chosen.folder / stack.OUTPUTS}")
    for name in ("aws_endpoint", "gitlab_url", "webhook_url", "autoscaling_group_name"):
        print(f"  {name}: {addresses[name]}")
    return 0


def down(name: str) -> int:
    """Stop the stack."""
    chosen = stack.Stack(stack.Options(name))
    known = processes.load(chosen.folder / stack.PROCESSES)
    chosen.down()
    print(f"{name}: stopped {len(known)} processes" if known else f"{name}: was not up")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
