"""`python -m tools.local.gitlab`: the stand-in as a process of its own."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tools.local.gitlab.app import GitLab
from tools.local.gitlab.board import RunnerBoard
from tools.local.gitlab.senders import DEFAULT_SENDERS, Senders
from tools.local.gitlab.server import Server, tls_context
from tools.local.hosts.simulator import Simulators

if TYPE_CHECKING:
    from collections.abc import Sequence

TICK_SECONDS = 0.05
MAXIMUM_PORT = 65535


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the command line's options; a wrong one ends the program with a sentence."""
    parser = argparse.ArgumentParser(prog="python -m tools.local.gitlab", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 = a free one (default)")
    parser.add_argument("--ready-file", type=Path, help="gets a JSON object once requests are answered")
    parser.add_argument("--tls-cert", help="serve https with this certificate (PEM)")
    parser.add_argument("--tls-key", help="the certificate's key (PEM)")
    parser.add_argument("--parent-pid", type=int, help="stop when this process is gone")
    parser.add_argument("--senders", type=int, default=DEFAULT_SENDERS, help="webhooks under way at once (default 8)")
    options = parser.parse_args(arguments)
    if not 0 <= options.port <= MAXIMUM_PORT:
        parser.error(f"--port must be between 0 and {MAXIMUM_PORT}, not {options.port}")
    if bool(options.tls_cert) != bool(options.tls_key):
        parser.error("--tls-cert and --tls-key belong together")
    if options.senders < 1:
        parser.error(f"--senders must be at least 1, not {options.senders}")
    return options


def is_gone(parent: int | None, was_child: bool) -> bool:  # noqa: FBT001 (a state, not a mode)
    """Tell whether the process that we are to outlive no longer runs."""
    if parent is None:
        return False
    if was_child:  # a parent that died leaves us to another one, also when its id is used again
        return os.getppid() != parent
    try:
        os.kill(parent, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def write_ready(path: Path, content: dict[str, object]) -> None:
    """Write the ready file at once and whole, readable by us alone: it holds tokens."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.touch(mode=0o600)
    part.write_text(json.dumps(content), encoding="utf-8")
    part.replace(path)


def ready(server: Server) -> dict[str, object]:
    """Return what a starter must know."""
    return {
        **server.gitlab.world.info,
        "endpoint": server.endpoint,
        "url": server.endpoint,
        "port": server.server_address[1],
        "pid": os.getpid(),
    }


def run(options: argparse.Namespace, stop: threading.Event) -> None:
    """Serve until told to stop."""
    tls = tls_context(options.tls_cert, options.tls_key) if options.tls_cert else None
    gitlab = GitLab()
    server = Server(gitlab, options.port, tls)
    gitlab.world.hooks.instance_url = server.endpoint
    hosts = Simulators(lambda runner: RunnerBoard(gitlab, runner), lambda runner: RunnerBoard(gitlab, runner))
    gitlab.world.hosts = hosts
    senders = Senders(gitlab, options.senders)
    serving = threading.Thread(target=server.serve_forever, args=(TICK_SECONDS,), name="server", daemon=True)
    was_child = os.getppid() == options.parent_pid
    senders.start()
    serving.start()
    if options.ready_file:
        write_ready(options.ready_file, ready(server))
    print(f"GitLab stand-in on {server.endpoint}", flush=True)
    while not stop.wait(TICK_SECONDS) and not is_gone(options.parent_pid, was_child):
        gitlab.advance()
    hosts.stop(None)
    senders.stop()
    server.stop()


def main(arguments: Sequence[str]) -> int:
    """Run the stand-in until SIGTERM or SIGINT; return the exit code."""
    options = parse(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        run(options, stop)
    except OSError as error:
        print(f"python -m tools.local.gitlab cannot start: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
