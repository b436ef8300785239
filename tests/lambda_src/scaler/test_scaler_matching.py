from __future__ import annotations

from dataclasses import replace

import pytest

from scaler.matching import Demand, Runner, demand, takes
from scaler.model import Job, ProtectedRefs

RUNNER = Runner(frozenset({"linux", "docker"}), run_untagged=False)
UNTAGGED = replace(RUNNER, run_untagged=True)
PROTECTED = replace(UNTAGGED, protected_only=True)
REFS = ProtectedRefs(1.0, branches=("main", "release/*", "*-stable"), tags=("v*",))
OURS = "r_0123456789ab"


def waiting(*tags: str, ref: str = "main", is_tag: bool = False) -> Job:
    return Job(1, is_running=False, queued_at=100.0, tags=frozenset(tags), ref=ref, is_tag=is_tag)


def at_work(system_id: str = OURS, runner_id: str = "5", *tags: str) -> Job:
    return Job(2, is_running=True, queued_at=90.0, tags=frozenset(tags), runner_id=runner_id, system_id=system_id)


@pytest.mark.parametrize(
    ("runner", "job", "taken"),
    [
        pytest.param(RUNNER, waiting("linux"), True, id="a tag of the runner"),
        pytest.param(RUNNER, waiting("linux", "docker"), True, id="all its tags"),
        pytest.param(RUNNER, waiting("linux", "gpu"), False, id="a tag it has not"),
        pytest.param(RUNNER, waiting(), False, id="untagged"),
        pytest.param(UNTAGGED, waiting(), True, id="untagged allowed"),
        pytest.param(UNTAGGED, waiting("gpu"), False, id="untagged allowed, but tagged"),
        pytest.param(PROTECTED, waiting(ref="main"), True, id="protected branch"),
        pytest.param(PROTECTED, waiting(ref="feature"), False, id="other branch"),
        pytest.param(PROTECTED, waiting(ref="main", is_tag=True), False, id="a tag named like a branch"),
        pytest.param(PROTECTED, waiting(ref="v1", is_tag=True), True, id="protected tag"),
        pytest.param(PROTECTED, waiting(ref="release/1"), True, id="wildcard"),
        pytest.param(PROTECTED, waiting(ref="release/"), True, id="wildcard for nothing"),
        pytest.param(PROTECTED, waiting(ref="xrelease/1"), False, id="no part match"),
        pytest.param(PROTECTED, waiting(ref="1-stable"), True, id="wildcard in front"),
        pytest.param(PROTECTED, waiting(ref="refs/merge-requests/1/head"), True, id="merge requests count"),
    ],
)
def test_the_runner_takes_what_gitlab_would_give_it(runner: Runner, job: Job, taken: bool) -> None:
    assert takes(runner, job, REFS) is taken


def test_unknown_protection_hides_no_job() -> None:
    assert takes(PROTECTED, waiting(ref="feature"))
    assert takes(PROTECTED, waiting(ref="v1", is_tag=True), ProtectedRefs(1.0, branches=("main",)))


@pytest.mark.parametrize(
    ("pattern", "ref", "matches"),
    [
        ("a*b*c", "abc", True),
        ("a*b*c", "axxbyyc", True),
        ("a*b*c", "acb", False),
        ("a*bb*c", "abc", False),
        ("*", "anything", True),
        ("a*a", "a", False),
        ("a.c", "abc", False),
        ("a*b", "aXb\n", False),
    ],
)
def test_wildcards_are_gitlabs(pattern: str, ref: str, matches: bool) -> None:
    assert takes(PROTECTED, waiting(ref=ref), ProtectedRefs(1.0, branches=(pattern,))) is matches


def test_many_wildcards_are_matched_in_no_time() -> None:
    refs = ProtectedRefs(1.0, branches=("a*" * 100 + "b",))
    assert not takes(PROTECTED, waiting(ref="a" * 250), refs)


@pytest.mark.parametrize(
    ("runner", "job", "running", "unplaced"),
    [
        pytest.param(RUNNER, at_work(), (OURS,), 0, id="its manager names the instance"),
        pytest.param(replace(RUNNER, id="5"), at_work(), (OURS,), 0, id="the runner is ours"),
        pytest.param(replace(RUNNER, id="6"), at_work(), (), 0, id="the runner is another"),
        pytest.param(RUNNER, at_work("s_0123456789ab"), (), 0, id="the manager is another's"),
        pytest.param(RUNNER, at_work("r_0123456789ABx"), (), 0, id="no system id of ours"),
        pytest.param(replace(RUNNER, id="5"), at_work(""), (), 1, id="our runner, on which instance?"),
        pytest.param(RUNNER, at_work("", "5", "linux"), (), 1, id="perhaps ours"),
        pytest.param(RUNNER, at_work("", "5", "gpu"), (), 0, id="cannot be ours"),
        pytest.param(UNTAGGED, at_work("", ""), (), 0, id="the runner was deleted"),
    ],
)
def test_running_jobs_are_placed(runner: Runner, job: Job, running: tuple[str, ...], unplaced: int) -> None:
    found = demand([job], runner)
    assert (found.pending, found.running, found.unplaced) == (0, running, unplaced)


def test_demand_counts_what_waits_and_since_when() -> None:
    jobs = [waiting("linux"), replace(waiting("linux"), queued_at=50.0), waiting("gpu"), at_work(), at_work()]
    assert demand(jobs, RUNNER) == Demand(2, 50.0, (OURS, OURS), 0, runners=("5", "5"))


def test_running_jobs_name_their_runner_where_its_id_is_not_configured() -> None:
    other = "r_000000000000"
    jobs = [at_work(OURS, "5"), at_work(other, ""), at_work("s_0123456789ab", "7")]
    found = demand(jobs, RUNNER)
    assert (found.running, found.runners) == ((other, OURS), ("", "5"))
    assert demand(jobs, replace(RUNNER, id="5")).runners == ()
