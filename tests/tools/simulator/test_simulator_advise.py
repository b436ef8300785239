from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools.simulator.advise import BUFFERS, MODULE, AdviceError, Target, advise, source_from, terraform
from tools.simulator.checks import ValueRangeError
from tools.simulator.generator import Options, generate
from tools.simulator.setup import Boot, Setup
from tools.simulator.workload import plain

if TYPE_CHECKING:
    from pathlib import Path

# Forty jobs, one every 400 s: a short idle time meets none of them ready.
SPARSE = plain("sparse", [(1000 + 400 * number, 60) for number in range(40)])


def test_the_cheapest_setting_that_meets_the_target_is_advised() -> None:
    setup = Setup(boot=Boot(100))
    heard: list[str] = []

    advice = advise(SPARSE, setup, Target(30, 0.05), heard.append)

    assert advice.result.share_over(30) <= 0.05
    assert advice.tried == len(heard)


def test_the_buffer_is_searched_between_the_sizes_that_are_tried_first() -> None:
    # Bursts of eleven, further apart than any idle time: only a buffer of eleven has all of them ready.
    bursts = plain("bursts", [(2000.0 + 4000 * burst, 60) for burst in range(6) for _ in range(11)])

    advice = advise(bursts, Setup(boot=Boot(100)), Target(5, 0.0))

    assert 11 not in BUFFERS
    assert dict(advice.spec.parameters)["buffer"] == 11


def test_settings_that_cost_more_than_one_that_meets_the_target_are_left_out() -> None:
    heard: list[str] = []

    advise(SPARSE, Setup(boot=Boot(100)), Target(1000, 0.0), heard.append)

    # One without a buffer meets it, so of every other idle time nothing else is tried.
    assert len(heard) == 12
    assert all("buffer=0:" in line for line in heard)


@pytest.mark.parametrize(("seconds", "share"), [(-1, 0.1), (float("nan"), 0.1), (30, 5), (30, 1), (30, -0.1)])
def test_a_target_that_promises_nothing_is_refused(seconds: float, share: float) -> None:
    with pytest.raises(ValueRangeError, match=r"wait|share"):
        Target(seconds, share)


@pytest.mark.parametrize("below", ["", "a", "a/b/c"])
def test_the_source_leads_to_the_module_from_where_the_snippet_is(tmp_path: Path, below: str) -> None:
    source = source_from(tmp_path / below, tmp_path / "module")

    assert source.startswith("./" if not below else "../")
    assert (tmp_path / below / source).resolve() == tmp_path / "module"
    assert (MODULE / "group.tf").is_file()


def test_a_lax_target_needs_no_buffer_and_a_strict_one_costs_more() -> None:
    setup = Setup(boot=Boot(100))

    lax, strict = (advise(SPARSE, setup, target) for target in (Target(1000, 0.0), Target(5, 0.0)))

    assert dict(lax.spec.parameters)["idle"] == 60
    assert dict(lax.spec.parameters)["buffer"] in {0, "0"}
    assert strict.result.instance_hours > lax.result.instance_hours


def test_a_target_out_of_reach_says_how_close_one_comes() -> None:
    setup = Setup(boot=Boot(100), launch_failures=0.9, maximum=1)
    jobs = plain("burst", [(10, 600)] * 5)

    with pytest.raises(AdviceError, match=r"comes closest with 100\.0 %"):
        advise(jobs, setup, Target(5, 0.0))


def test_the_snippet_names_the_modules_inputs() -> None:
    setup = Setup(boot=Boot(100), slots=2)
    advice = advise(SPARSE, setup, Target(1000, 0.0))

    text = terraform(advice, setup, "../terraform")

    assert 'source = "../terraform"' in text
    assert 'runner_idletime            = "1"' in text
    assert "runner_agents_per_instance = 2" in text
    assert 'idle_buffer = "0"' in text
    assert 'look_ahead  = "' in text


def test_advice_is_given_for_generated_pipelines() -> None:
    workload = generate(Options(days=0.05, pipelines_per_day=100, projects=1, jobs=10, seed=2))

    assert advise(workload, Setup(boot=Boot(60)), Target(120, 0.05)).result.unfinished == 0
