"""Many containers of the credential vendor at once: each a process of its own that has never asked for anything.

The processes are forked when the function has been initialised, as Lambda's SnapStart does it, because two hundred
starts of Python would take this machine's processor for minutes. Nothing has been asked for by then: no connection is
open, no thread runs, and every cache is empty.

`python -m tools.demo.containers` reads an Order as JSON, and writes what each request came to.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

TIME_LENGTH = 32
READY = b"."
BEFORE_THE_BURST_SECONDS = 0.3


@dataclass(frozen=True)
class Order:
    """What the containers do.

    Args:
        processes: how many.
        spread_seconds: how far apart the first and the last of them get their first request.
        function_arn: as which alias they are invoked.
        events: what each is asked, one after the other.
        folder: where each writes its output.
        warm_up: what each is asked before the burst, so that only its caches are cold; nothing = all of it is.
    """

    processes: int
    spread_seconds: float
    function_arn: str
    events: Sequence[dict[str, Any]]
    folder: str
    warm_up: dict[str, Any] | None = None


@dataclass(frozen=True)
class Answer:
    """How a request was answered: whether with credentials, with which, and within how many seconds."""

    is_vended: bool
    access_key_id: str
    seconds: float
    trouble: str = ""


@dataclass(frozen=True)
class Context:
    """What Lambda tells a function about an invocation."""

    invoked_function_arn: str
    aws_request_id: str


def run(order: Order) -> list[Answer]:
    """Start the containers, let each be asked, and return all answers."""
    from credentials import handler  # noqa: PLC0415 - the function's code, which has its environment only here

    handler.container()
    gc.collect()
    gc.freeze()  # what is not touched by the collector stays shared between the processes
    reader, writer = os.pipe()
    ready_reader, ready_writer = os.pipe()
    children = []
    for number in range(order.processes):
        if (child := os.fork()) == 0:
            os.close(writer)
            live(order, number, (reader, ready_writer), handler)
        children.append(child)
        os.read(ready_reader, len(READY))
    begin = str(time.time() + BEFORE_THE_BURST_SECONDS).ljust(TIME_LENGTH)
    os.write(writer, begin.encode() * order.processes)
    for child in children:
        os.waitpid(child, 0)
    return [answer for number in range(order.processes) for answer in answers(order, number)]


def answers(order: Order, number: int) -> list[Answer]:
    """Return what a container has written down; one that died is not forgotten."""
    path = Path(order.folder) / f"{number}.json"
    if not path.is_file():
        return [Answer(is_vended=False, access_key_id="", seconds=0, trouble="the container died")]
    return [Answer(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]


def live(order: Order, number: int, pipes: tuple[int, int], handler: Any) -> None:  # noqa: ANN401 - a module
    """Be one container, from its start to its end."""
    folder = Path(order.folder)
    try:
        write_to(folder / f"{number}.warm-up")
        if order.warm_up is not None:
            ask(handler, order.warm_up, order.function_arn, f"{number}-warm-up")
        write_to(folder / f"{number}.log")
        os.write(pipes[1], READY)
        begin = float(os.read(pipes[0], TIME_LENGTH)) + order.spread_seconds * number / order.processes
        time.sleep(max(0.0, begin - time.time()))
        asked = [ask(handler, event, order.function_arn, f"{number}-{turn}") for turn, event in enumerate(order.events)]
        (folder / f"{number}.json").write_text(json.dumps([asdict(answer) for answer in asked]), encoding="utf-8")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def write_to(path: Path) -> None:
    """Send this process's output to a file from now on."""
    output = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)


def ask(handler: Any, event: dict[str, Any], function_arn: str, request_id: str) -> Answer:  # noqa: ANN401 - a module
    """Invoke the function in this process."""
    started = time.perf_counter()
    try:
        answer = handler.handle(event, Context(function_arn, request_id))
    except Exception as error:  # noqa: BLE001 - what Lambda does with it
        return Answer(False, "", time.perf_counter() - started, f"{type(error).__name__}: {error}")  # noqa: FBT003
    seconds = time.perf_counter() - started
    document = json.loads(answer["body"]) if "statusCode" in answer else answer
    key = str(document.get("AccessKeyId", ""))
    return Answer(bool(key), key, seconds, "" if key else str(document))


def main() -> None:
    """Carry out the order on the standard input."""
    order = Order(**json.load(sys.stdin))
    json.dump([asdict(answer) for answer in run(order)], sys.stdout)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # whoever has stopped the demo knows it
        sys.exit(130)
