from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.local.hosts import Host, PendingJob, RunnerRules, assign, system_id, takes

ANY = RunnerRules(frozenset({"linux", "docker"}), run_untagged=True)
TAGGED_ONLY = RunnerRules(frozenset({"linux"}), run_untagged=False)
PROTECTED_ONLY = RunnerRules(frozenset({"linux"}), run_untagged=True, protected_only=True)


def job(number: int, *tags: str, protected: bool = False) -> PendingJob:
    return PendingJob(number, frozenset(tags), protected)


@pytest.mark.parametrize(
    ("rules", "waiting", "expected"),
    [
        (ANY, job(1, "linux"), True),
        (ANY, job(1, "linux", "docker"), True),
        (ANY, job(1, "linux", "gpu"), False),
        (ANY, job(1), True),
        (TAGGED_ONLY, job(1), False),
        (TAGGED_ONLY, job(1, "linux"), True),
        (PROTECTED_ONLY, job(1, "linux"), False),
        (PROTECTED_ONLY, job(1, "linux", protected=True), True),
        (PROTECTED_ONLY, job(1, protected=True), True),
    ],
)
def test_a_runner_takes_the_jobs_that_gitlab_would_give_it(
    rules: RunnerRules, waiting: PendingJob, expected: bool
) -> None:
    assert expected is takes(rules, waiting)


def test_the_oldest_job_goes_first_whatever_the_order_of_the_list() -> None:
    assert assign([job(3), job(1), job(2)], [Host("a", 1)], ANY) == [(1, "a")]


def test_work_spreads_over_the_hosts_with_the_most_free_slots() -> None:
    hosts = [Host("a", 1), Host("b", 3), Host("full", 0)]
    assert assign([job(n) for n in range(1, 7)], hosts, ANY) == [(1, "b"), (2, "b"), (3, "a"), (4, "b")]


def test_a_job_that_nobody_may_take_does_not_hold_up_the_next() -> None:
    assert assign([job(1, "gpu"), job(2)], [Host("a", 1)], ANY) == [(2, "a")]


def test_a_system_id_is_the_end_of_the_instance_id() -> None:
    assert system_id("i-0123456789abcdef0") == "r_56789abcdef0"


@given(
    st.lists(st.builds(PendingJob, st.integers(1, 50), st.sets(st.sampled_from("ab")).map(frozenset), st.booleans())),
    st.dictionaries(st.sampled_from("xyz"), st.integers(-2, 3)),
)
def test_no_host_is_given_more_than_its_free_slots_and_no_job_against_the_rules(
    jobs: list[PendingJob], free: dict[str, int]
) -> None:
    rules = RunnerRules(frozenset("a"), run_untagged=False, protected_only=True)
    unique = {each.id: each for each in jobs}
    taken = assign(unique.values(), [Host(name, slots) for name, slots in free.items()], rules)
    assert len({number for number, _ in taken}) == len(taken)
    assert all(takes(rules, unique[number]) for number, _ in taken)
    for name, slots in free.items():
        assert [host for _, host in taken].count(name) <= max(0, slots)
    wanted = sum(takes(rules, each) for each in unique.values())
    assert len(taken) == min(wanted, sum(max(0, slots) for slots in free.values()))
