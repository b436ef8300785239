"""`python -m tools.local.runner run|run-single|unregister`: gitlab-runner's commands, as far as a host uses them."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tools.local.runner.gitlab import ConfigError, GitLab, GitLabError, read_managers
from tools.local.runner.manager import Running

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERVAL_SECONDS = 0.1


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the command line's options; what the stand-in does not need is accepted where the real one has it."""
    parser = argparse.ArgumentParser(prog="gitlab-runner", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("run", "run-single", "unregister"):
        command = commands.add_parser(name)
        command.add_argument("--config", "-c", type=Path, default=Path("/etc/gitlab-runner/config.toml"))
        command.add_argument("--all-runners", action="store_true")
        command.add_argument("--max-builds", type=int, default=0)
        for ignored in ("--runner", "--service", "--user", "--working-directory"):
            command.add_argument(ignored)
    return parser.parse_args(arguments)


def say(line: str) -> None:
    """Write a line to the log, which is standard error as with the real one."""
    print(line, file=sys.stderr, flush=True)


def run(options: argparse.Namespace) -> int:
    """Take jobs until told to stop."""
    managers = read_managers(options.config)
    if not managers:
        say("WARNING: no runners are configured")
    jobs = GitLab(managers[0]) if managers else None
    running = Running(jobs, managers[0].concurrent, options.max_builds, say) if jobs else None
    stopped: list[int] = []

    def stop(number: int, _: object) -> None:
        stopped.append(number)
        if running:
            (running.quit if number == signal.SIGQUIT else running.abort)()

    for number in (signal.SIGQUIT, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while running.step() if running else not stopped:
        time.sleep(INTERVAL_SECONDS)
    return 1 if running and running.is_aborting else 0


def unregister(options: argparse.Namespace) -> int:
    """Remove every manager of config.toml from GitLab; what fails stays listed, and the code is 0 all the same."""
    left = []
    for manager in read_managers(options.config):
        try:
            GitLab(manager).unregister()
            say("Unregistering runner from GitLab succeeded")
        except GitLabError as error:
            say(f"ERROR: Unregistering runner from GitLab failed: {error}\nERROR: Failed to unregister runner")
            left.append(manager)
    if not left:
        options.config.write_text("concurrent = 1\n", encoding="utf-8")
    return 0


def main(arguments: Sequence[str]) -> int:
    """Run a command; a config.toml that cannot be used ends it, as it ends the real one."""
    options = parse(arguments)
    try:
        return unregister(options) if options.command == "unregister" else run(options)
    except ConfigError as error:
        say(f"FATAL: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
