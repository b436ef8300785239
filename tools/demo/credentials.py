"""The demo's chapter on credentials: 200 jobs with one cache key, which STS hears of twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.demo import sdk
from tools.demo.containers import Answer, Order
from tools.demo.emf import counters, seed_metrics
from tools.demo.vendor import OPERATIONS, Vendor
from tools.local.stack import ROOT, aws_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

JOBS = 200
LEEWAY = 1.5
TRIES = 4
USUAL_CONTAINERS = 4
LOG_SECONDS = 20.0
CHILDREN_SECONDS = 180


@dataclass(frozen=True)
class Burst:
    """What a burst of requests came to.

    Args:
        name: which burst.
        requests: how many were made.
        vended: how many were answered with credentials.
        sts_calls: how many calls the local AWS counted at STS.
        counters: the vendor's own metrics, summed.
        seconds: how long it took.
        slowest_seconds: the slowest answer.
        metrics: the vendor's metrics under gitlab-runner's names.
        troubles: what the requests without credentials were told.
    """

    name: str
    requests: int
    vended: int
    sts_calls: int
    counters: Mapping[str, float]
    seconds: float
    slowest_seconds: float
    metrics: Mapping[str, float] = field(default_factory=dict)
    troubles: Sequence[str] = ()

    @property
    def is_starved(self) -> bool:
        """Whether this machine's processor was too slow for the vendor's budgets, which are in real time."""
        return any(self.counters.get(name, 0) > 0 for name in ("GrantsDocumentErrors", "SharedCacheErrors"))

    @property
    def hits(self) -> int:
        """How many requests a cache answered, by the vendor's own count."""
        return int(self.counters.get("AssumeRoleCacheHits", 0))


@dataclass(frozen=True)
class Chapter:
    """What the chapter came to: who an SDK was, the bursts, and how long all of it took."""

    identity: sdk.Identity
    bursts: tuple[Burst, ...]
    seconds: float = 0.0

    def text(self) -> str:
        """Say it for a terminal."""
        took = f"all of it took {self.seconds:.0f} s, while the fleet shrank"
        return f"   {self.identity.line()}\n{table(self.bursts)}\n   {took}"

    def document(self) -> dict[str, Any]:
        """Say it for result.json."""
        bursts = [{**asdict(burst), "hits": burst.hits} for burst in self.bursts]
        return {"sdk": asdict(self.identity), "bursts": bursts, "seconds": self.seconds}


def hosts_burst(vendor: Vendor, containers: int, jobs: int = JOBS) -> Burst:
    """Let the runner hosts of many jobs ask at door 2, over a number of containers that start cold."""
    events, client = vendor.host_events(), vendor.aws("lambda")
    name = f"runner host (door 2), {containers} container{'s' if containers > 1 else ''}"
    calls = [lambda event=event: vendor.invoke(client, event) for _ in range(jobs) for event in events]
    return deployed_burst(vendor, name, containers, calls)


def jobs_burst(vendor: Vendor, containers: int, jobs: int = JOBS) -> Burst:
    """Let many jobs of one ref ask at door 1, each twice with an id_token of its own."""
    tokens = [vendor.id_token(job_id=str(10_000 + number)) for number in range(jobs)]
    calls = [lambda token=token: vendor.get(token) for token in tokens for _ in OPERATIONS]
    name = f"job (door 1), {containers} container{'s' if containers > 1 else ''}"
    return deployed_burst(vendor, name, containers, calls)


def deployed_burst(vendor: Vendor, name: str, containers: int, calls: Sequence[Callable[[], Answer]]) -> Burst:
    """Make calls to the deployed function, as many at once as it has containers."""
    vendor.containers(containers)
    since, before = time.time(), vendor.sts_calls()
    started = time.perf_counter()
    with ThreadPoolExecutor(containers) as pool:
        answers = list(pool.map(lambda call: call(), calls))
    seconds = time.perf_counter() - started
    lines = awaited_metrics(vendor, since, len(calls))
    return summary(name, answers, vendor.sts_calls() - before, lines, seconds)


def awaited_metrics(vendor: Vendor, since: float, count: int) -> list[str]:
    """Return the function's log when it holds the metrics of so many invocations."""
    deadline = time.monotonic() + LOG_SECONDS
    while True:
        lines = vendor.log_lines(since)
        if sum('"_aws"' in line for line in lines) >= count or time.monotonic() > deadline:
            return lines
        time.sleep(0.2)


def cold_burst(vendor: Vendor, processes: int = JOBS) -> Burst:
    """Let many processes that have never asked for anything ask, sharing the deployed table and key.

    They come as fast as this machine's processor can bear: a first request takes it far longer than any later one, and
    the vendor's budgets are in real time. One process alone tells how long; when that was too short, it is doubled.
    """
    alone = forked_burst(vendor, 1, vendor.host_events(), 0.0)
    spread = LEEWAY * processes * alone.slowest_seconds / (os.cpu_count() or 1)
    for _ in range(TRIES - 1):
        burst = forked_burst(vendor, processes, vendor.host_events(), spread)
        if not burst.is_starved:
            return burst
        spread *= 2
    return forked_burst(vendor, processes, vendor.host_events(), spread)


def warm_burst(vendor: Vendor, processes: int) -> Burst:
    """Let many processes ask for one new key at the same moment; they have been asked for another before."""
    (warm_up, event) = (vendor.host_events()[0] for _ in range(2))
    vendor.invoke(vendor.aws("lambda"), warm_up)
    return forked_burst(vendor, processes, [event], 0.0, warm_up)


def forked_burst(
    vendor: Vendor,
    processes: int,
    events: Sequence[dict[str, Any]],
    spread_seconds: float,
    warm_up: dict[str, Any] | None = None,
) -> Burst:
    """Let many processes ask; their first requests are spread over some seconds."""
    arn = (
        f"arn:aws:lambda:{vendor.addresses['region']}:000000000000:function:{vendor.addresses['credentials_function']}"
    )
    folder = tempfile.mkdtemp(prefix="containers-")
    before, started = vendor.sts_calls(), time.perf_counter()
    try:
        order = Order(processes, spread_seconds, f"{arn}:hosts", events, folder, warm_up)
        answers = ordered(order, vendor.environment(), str(vendor.addresses["aws_endpoint"]))
        lines = [line for path in Path(folder).glob("*.log") for line in path.read_text(encoding="utf-8").splitlines()]
    finally:
        shutil.rmtree(folder)
    seconds = time.perf_counter() - started
    name = f"runner host (door 2), {processes} processes started over {spread_seconds:.0f} s"
    return summary(name, answers, vendor.sts_calls() - before, lines, seconds)


def ordered(order: Order, variables: Mapping[str, str], endpoint: str) -> list[Answer]:
    """Run containers in processes of their own, with the function's environment, and return their answers."""
    python_path = os.pathsep.join([str(ROOT / "lambda_src"), str(ROOT)])
    environment = {**variables, **aws_environment(endpoint), "PATH": os.environ["PATH"], "PYTHONPATH": python_path}
    environment["AWS_DEFAULT_REGION"] = environment["AWS_REGION"]
    ended = subprocess.run(
        [sys.executable, "-m", "tools.demo.containers"],
        check=True,
        cwd=ROOT,
        env=environment,
        input=json.dumps(asdict(order)),
        stdout=subprocess.PIPE,
        text=True,
        timeout=CHILDREN_SECONDS,
    )
    return [Answer(**entry) for entry in json.loads(ended.stdout)]


def summary(name: str, answers: Sequence[Answer], sts_calls: int, lines: Sequence[str], seconds: float) -> Burst:
    """Return what a burst came to."""
    return Burst(
        name=name,
        requests=len(answers),
        vended=sum(answer.is_vended for answer in answers),
        sts_calls=sts_calls,
        counters=counters(lines),
        seconds=seconds,
        slowest_seconds=max((answer.seconds for answer in answers), default=0.0),
        metrics=seed_metrics(lines),
        troubles=tuple(sorted({answer.trouble for answer in answers if answer.trouble})),
    )


def table(bursts: Sequence[Burst]) -> str:
    """Return bursts as lines; the vendor's own metrics of each are on the status page and in result.json."""
    return "\n".join(
        f"   {burst.name}: {burst.requests} requests, {burst.vended} vended, {burst.sts_calls} STS calls,"
        f" {burst.hits} hits; done in {burst.seconds:.1f} s"
        for burst in bursts
    )


def chapter(addresses: Mapping[str, Any], jobs: int = JOBS) -> Chapter:
    """Play the chapter on a running stack, and return what it came to."""
    vendor, started = Vendor(addresses), time.monotonic()
    identity = sdk.identity(vendor)
    bursts = [hosts_burst(vendor, 1, jobs), hosts_burst(vendor, 8, jobs), cold_burst(vendor, jobs)]
    bursts.append(jobs_burst(vendor, os.cpu_count() or 1, jobs))
    vendor.containers(USUAL_CONTAINERS)
    return Chapter(identity, tuple(bursts), round(time.monotonic() - started, 3))
