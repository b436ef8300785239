from __future__ import annotations

import pytest

from tools.simulator.advise import AdviceError, Target, advise, families, terraform
from tools.simulator.generator import Options, generate
from tools.simulator.setup import Boot, Setup
from tools.simulator.workload import plain

# Forty jobs, one every 400 s: a short idle time meets none of them ready.
SPARSE = plain("sparse", [(1000 + 400 * number, 60) for number in range(40)])


def test_the_cheapest_setting_that_meets_the_target_is_advised() -> None:
    setup = Setup(boot=Boot(100))
    heard: list[str] = []

    advice = advise(SPARSE, setup, Target(30, 0.05), heard.append)

    assert advice.result.share_over(30) <= 0.05
    assert advice.tried == len(heard)
    assert all(len(spec.parameters) >= 2 for family in families() for spec in family)


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
