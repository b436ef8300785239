"""Serve the local AWS until it is told to stop."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os
import shutil
import signal
import socket
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING

from tools.local.aws import corrections, emulator
from tools.local.aws.alarm_watch import AlarmWatch
from tools.local.aws.attempts import Attempts
from tools.local.aws.autoscaling.model import Settings
from tools.local.aws.autoscaling.scaling import Scaling
from tools.local.aws.autoscaling_service import AutoScalingService
from tools.local.aws.clock import Clock
from tools.local.aws.control import Control, Iam, Workers
from tools.local.aws.driver import Driver
from tools.local.aws.ec2 import LocalEc2
from tools.local.aws.environment import ADDRESS, REGION, environment
from tools.local.aws.front import Front
from tools.local.aws.monitor import Monitor
from tools.local.aws.outages import Outages
from tools.local.aws.stats import Stats

if TYPE_CHECKING:
    from collections.abc import Callable

PARENT_SECONDS = 0.5
GRACE_SECONDS = 0.5
# Longer than any client keeps a connection (Go's HTTP transport: 90 s). Who closes an idle connection loses the request
# that is on its way: hypercorn carries it out and has nowhere to send the answer.
KEEP_ALIVE_SECONDS = 3600


class ServerError(Exception):
    """The server cannot start; the message says why."""


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    port: int
    ready_file: Path | None
    boot_seconds: float
    auth: bool
    parent_pid: int | None
    lambda_workers: int
    log_level: str


def run(options: Options) -> None:
    """Serve until a signal, or until the parent is gone; then leave no process and no file behind.

    Raises:
        ServerError: the port is taken.
    """
    listener = listen(options.port)
    port = listener.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="local-aws-"))
    inherited = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment(inherited, port, folder, auth=options.auth, log_level=options.log_level))
    tempfile.tempdir = str(folder)
    try:
        asyncio.run(serve(options, listener))
    finally:
        emulator.end_workers()
        shutil.rmtree(folder, ignore_errors=True)
        if options.ready_file:
            options.ready_file.unlink(missing_ok=True)
        logging.shutdown()
        os._exit(0)  # threads of MiniStack may still wait for a function; nothing of ours is left to do


def listen(port: int) -> socket.socket:
    """Take the port before anything learns its number.

    Raises:
        ServerError: it is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
    except OSError as error:
        listener.close()
        raise ServerError(
            f"port {port} on {ADDRESS} cannot be used ({error.strerror}): choose another, or 0"
        ) from error
    return listener


async def serve(options: Options, listener: socket.socket) -> None:
    """Serve on a bound socket."""
    front, driver = build(options)
    config = importlib.import_module("hypercorn.config").Config()  # of the server's environment, as MiniStack is
    config.bind = [f"fd://{listener.detach()}"]
    config.graceful_timeout = GRACE_SECONDS
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.loglevel = options.log_level.upper()
    stopped = asyncio.Event()
    stop_on(stopped, options.parent_pid)
    driver.start()
    port = int(os.environ["GATEWAY_PORT"])
    announcing = asyncio.create_task(announce(options.ready_file, port))
    await importlib.import_module("hypercorn.asyncio").serve(front, config, shutdown_trigger=stopped.wait)
    announcing.cancel()
    driver.stop()


def build(options: Options) -> tuple[Attempts, Driver]:
    """Wire the front: MiniStack, its corrections, and the Auto Scaling emulator."""
    logging.basicConfig(level=options.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    clock = Clock(time.time)
    scaling = Scaling(clock, LocalEc2(), SystemRandom(), Settings(boot_seconds=options.boot_seconds))
    monitor, workers, stats, outages = Monitor(), Workers(options.lambda_workers), Stats(), Outages()
    corrections.install(corrections.Parts(scaling, monitor, workers, stats, outages))
    service = AutoScalingService(scaling)

    async def autoscaling(
        _: str, __: str, ___: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> tuple[int, dict[str, str], bytes]:
        return service.answer(*emulator.scope(), body, {name: values[0] for name, values in query.items()})

    emulator.serve_service("autoscaling", autoscaling)
    driver = Driver(scaling, AlarmWatch(scaling, clock, monitor.alarming))
    control = Control(scaling, clock, workers, stats, outages, Iam(options.auth))
    return Attempts(Front(control, emulator.application(), REGION)), driver


def stop_on(stopped: asyncio.Event, parent_pid: int | None) -> None:
    """Stop on SIGTERM and SIGINT, and when the parent is gone."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    if parent_pid is not None:
        stop = lambda: loop.call_soon_threadsafe(stopped.set)  # noqa: E731 - one expression, used once
        threading.Thread(target=watch_parent, args=(parent_pid, stop), daemon=True, name="parent").start()


def watch_parent(pid: int, stop: Callable[[], object]) -> None:
    """Call stop when a process is gone; a child of it notices by getting another parent."""
    child = os.getppid() == pid
    while (os.getppid() == pid) if child else is_alive(pid):
        time.sleep(PARENT_SECONDS)
    stop()


def is_alive(pid: int) -> bool:
    """Tell whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def announce(ready_file: Path | None, port: int) -> None:
    """Say where the server is once it answers: on the standard output, and in the ready file, all at once."""
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(ADDRESS, port)
            writer.close()
            break
        await asyncio.sleep(0.02)
    text = json.dumps({"port": port, "endpoint": f"http://{ADDRESS}:{port}"})
    print(text, flush=True)
    if ready_file:
        part = ready_file.with_name(f"{ready_file.name}.part")
        part.write_text(text, encoding="utf-8")
        part.replace(ready_file)
