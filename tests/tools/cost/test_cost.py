from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tools.cost.__main__ import main
from tools.cost.model import Usage, estimate, operational_alarms, total
from tools.cost.prices import INSTANCES

ROOT = Path(__file__).parents[3]
BUSY = Usage(instances=3, hooks=20_000, vends=5_000, credentials=True, alarms=12, dashboard=True, tracing=True)


def test_an_idle_fleet_with_all_alarms_and_the_key_costs_at_most_five_dollars() -> None:
    assert total(estimate(Usage())) < total(estimate(Usage(credentials=True, all_alarms=True))) <= 5.0


def test_metrics_cost_less_at_rest_than_at_work() -> None:
    lines = [{line.what: line.usd for line in estimate(usage)} for usage in (Usage(), Usage(instances=0.1))]
    assert lines[0]["custom metrics"] < lines[1]["custom metrics"] - 2
    assert lines[0]["PutMetricData"] < lines[1]["PutMetricData"]


@pytest.mark.parametrize(
    ("usage", "count"),
    [
        (Usage(), 0),
        (Usage(all_alarms=True), 17),
        (Usage(all_alarms=True, webhook=True), 20),
        (Usage(all_alarms=True, hooks=1), 20),
        (Usage(all_alarms=True, credentials=True), 22),
        (Usage(all_alarms=True, credentials=True, webhook=True), 25),
    ],
    ids=["none", "fleet", "URL", "webhooks", "vendor", "all"],
)
def test_all_alarms_are_those_of_what_is_there(usage: Usage, count: int) -> None:
    assert operational_alarms(usage) == count
    alarms = {line.what: line.usd for line in estimate(usage)}["alarms"]
    assert alarms == pytest.approx(0.10 * (1 + count))


def test_alarms_that_change_the_capacity_cost_more_than_the_safety_net() -> None:
    assert total(estimate(Usage(actuator="alarms"))) - total(estimate(Usage())) == pytest.approx(0.30)


def test_the_documentation_shows_the_calculators_sum() -> None:
    assert f"**{total(estimate(Usage())):.2f}**" in (ROOT / "docs" / "cost.md").read_text()


@pytest.mark.parametrize(
    "more",
    [
        replace(BUSY, instances=4),
        replace(BUSY, hooks=40_000),
        replace(BUSY, vends=10_000),
        replace(BUSY, alarms=13),
        replace(BUSY, public_addresses=True),
        replace(BUSY, spot_discount=-0.1),
    ],
    ids=["instances", "hooks", "vends", "alarms", "addresses", "price"],
)
def test_more_of_anything_costs_more(more: Usage) -> None:
    assert total(estimate(more)) > total(estimate(BUSY))


def test_a_vendor_that_is_not_there_costs_nothing() -> None:
    assert {line.part for line in estimate(replace(BUSY, credentials=False))} == {
        "scaler",
        "observability",
        "instances",
    }


def test_an_idle_vendor_costs_its_key() -> None:
    assert total(estimate(Usage(credentials=True))) - total(estimate(Usage())) == pytest.approx(1.0)


def test_metrics_that_are_never_published_cost_nothing() -> None:
    quiet = {line.what: line.usd for line in estimate(Usage(sweeps_an_hour=0))}

    assert quiet["custom metrics"] < 0.02, "the token's days only, once a day"


def test_one_instance_costs_its_hours_and_its_disk() -> None:
    lines = {line.what: line.usd for line in estimate(Usage(instances=1)) if line.part == "instances"}

    assert lines == {
        "1 of t3.medium": pytest.approx(730 * INSTANCES["t3.medium"]),
        "disks of 30 GB": pytest.approx(2.40),
    }


def test_the_command_prints_each_part_and_the_sum(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--instances", "2", "--vends", "100"]) == 0

    parts = [line.split()[0] for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert parts == ["for", "with", "USD", "scaler", "observability", "credentials", "instances", "sum"]


def test_the_command_says_what_its_sum_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--instances", "1.5", "--hooks", "2000000", "--spot-discount", "0.7", "--all-alarms"]
    assert main(given) == 0

    usual, others, *_ = capsys.readouterr().out.splitlines()
    assert usual == (
        "for 1.5 of t3.medium in service on the month's average, "
        "2,000,000 webhooks and 0 requests for credentials a day, 60 sweeps an hour"
    )
    assert others == "with spot discount 0.7, all alarms"


def test_an_instance_type_without_a_price_takes_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--instances", "1", "--instance-type", "z9", "--instance-price", "2"]) == 0

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["1", "of", "z9", "1460.00"] in lines


@pytest.mark.parametrize(
    "arguments",
    [
        ["--instances", "-1"],
        ["--instances", "many"],
        ["--alarms", "-5"],
        ["--alarms", "1.5"],
        ["--spot-discount", "1"],
        ["--instance-type", "z9"],
    ],
)
def test_bad_input_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)

    assert arguments[0] in capsys.readouterr().err
