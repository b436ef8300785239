"""Whatever fails, hangs or lies: the lifecycle action is completed, or left to its timeout with a reason in the log."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest

from terraform.runner_host import drain
from tests.terraform.runner_host.drain.world import Host, host

RUNS = 1200
CHANNELS = ("systemctl", "aws", "gitlab-runner", "imds", "file")
RATES = (0.0, 0.0, 0.05, 0.2, 0.5)
KINDS = ("fail", "hang", "lie")


def troubled(chance: random.Random) -> Host:
    """Return a host with a job, which will be told to go, and with faults of its own."""
    rates = {name: chance.choice(RATES) for name in CHANNELS}
    if chance.random() < 0.1:
        rates[chance.choice(CHANNELS)] = 1.0

    def trouble(name: str) -> str:
        return chance.choice(KINDS) if chance.random() < rates.get(name, 0) else ""

    cap, heartbeat = chance.choice(((120, 60), (600, 600), (900, 300)))
    limits = {"force_instance_deletion_seconds": cap, "terminating_heartbeat_seconds": heartbeat}
    each = host(trouble=trouble, chance=chance, **limits)
    each.waiting = [(each.now + chance.uniform(0, 40), chance.choice((5.0, 50.0, 300.0, 2000.0))) for _ in range(3)]
    each.waiting.sort()
    each.terminate(each.now + chance.uniform(20, 60))
    if chance.random() < 0.3:
        each.spot_at = each.now + chance.uniform(20, 90)
    return each


def lived(each: Host, chance: random.Random) -> None:
    """Let a host live until its action has ended, with restarts of the service and jumps of the clock."""
    service = drain.Drain(each.settings, each.world())
    while each.now < 4000 and min(each.completed_at, each.expired_at) == math.inf:
        if chance.random() < 0.01:
            service = drain.Drain(each.settings, each.world())
        if chance.random() < 0.01:
            each.clock_jump = chance.choice((-1e8, -3600.0, 3600.0, 1e8))
        each.advance(service.step())


def outcome(each: Host) -> str:
    if each.completed_at < math.inf:
        return "completed"
    codes = set(each.reasons("complete") + each.reasons("heartbeat") + each.reasons("imds") + each.reasons("drain"))
    return "left to its timeout, logged" if codes - {"ok"} else "left to its timeout, unexplained"


def test_no_failure_completes_the_action_before_the_job_ends_or_leaves_it_unexplained() -> None:
    outcomes = Counter[str]()
    for seed in range(RUNS):
        chance = random.Random(seed)
        each = troubled(chance)
        lived(each, chance)
        assert each.early == [], f"seed {seed}: {each.early}"
        outcomes[outcome(each)] += 1
    assert outcomes.keys() <= {"completed", "left to its timeout, logged"}
    assert outcomes["completed"] > 0.85 * RUNS
    assert outcomes["left to its timeout, logged"] > 0


@pytest.mark.parametrize("channel", ["systemctl", "gitlab-runner", "file"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_action_is_completed_when_everything_of_one_kind_is_broken_for_good(channel: str, kind: str) -> None:
    each = host(trouble=lambda name: kind if name == channel else "", force_instance_deletion_seconds=120)
    each.waiting = [(each.now, 40.0)]
    each.terminate(each.now + 20)
    lived(each, random.Random(1))
    assert (each.early, outcome(each)) == ([], "completed")
    assert each.completed_at <= each.action_opens + 120 + 20 + 3 * drain.SYSTEMCTL_SECONDS + 15


def test_a_broken_aws_leaves_the_action_to_its_timeout_and_says_why() -> None:
    each = host(trouble=lambda name: "fail" if name == "aws" else "")
    each.terminate(each.now + 20)
    lived(each, random.Random(1))
    assert each.expired_at == each.action_opens + 60
    assert {"throttled"} == set(each.reasons("heartbeat")) | set(each.reasons("complete"))
