"""`python -m tools.local.imds`: the emulator as a process of its own."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from tools.local.imds.metadata import Metadata, State, target_of
from tools.local.imds.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DEFAULTS = State()


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the command line's options; a wrong one ends the program with a sentence."""
    parser = argparse.ArgumentParser(prog="python -m tools.local.imds", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 = a free one (default)")
    parser.add_argument("--ready-file", type=Path, help="gets a JSON object once requests are answered")
    parser.add_argument("--instance-id", default=DEFAULTS.instance_id, help="the instance's id")
    parser.add_argument("--market", choices=("on-demand", "spot"), default=DEFAULTS.market, help="how it was bought")
    parser.add_argument("--aws-endpoint", help="follow the instance's lifecycle state in this local AWS")
    return parser.parse_args(arguments)


def follow(endpoint: str, instance_id: str) -> Callable[[], str | None]:
    """Return a function that asks the local AWS where the instance is on its way to; if it is gone, to its end."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask() -> str | None:
        with opener.open(f"{endpoint}/_local/instances", timeout=5) as answer:
            instances = json.load(answer)["instances"]
        states = {each["instance_id"]: each["lifecycle_state"] for each in instances}
        return target_of(states.get(instance_id, "Terminated"))

    return ask


def main(arguments: Sequence[str]) -> int:
    """Serve until SIGTERM or SIGINT."""
    options = parse(arguments)
    metadata = Metadata(time.time, state=State(instance_id=options.instance_id, market=options.market))
    if options.aws_endpoint:
        metadata.target_of = follow(options.aws_endpoint, options.instance_id)
    server = Server(metadata, options.port)
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    threading.Thread(target=server.serve_forever, args=(0.05,)).start()
    if options.ready_file:
        options.ready_file.write_text(json.dumps({"endpoint": server.endpoint}), encoding="utf-8")
    print(f"instance metadata service on {server.endpoint}", flush=True)
    done.wait()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
