"""Each example's README tells how to apply it, to see that it works and to get rid of it, and what it costs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import HEADING, ROOT, blocks, prose, text_of
from tools.cost.prices import PRICES
from tools.docs.figures import FIGURE, arguments_of, priced
from tools.local.examples import LEFT_OUT

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [
    path.parent / "README.md"
    for path in sorted((ROOT / "examples").glob("*/main.tf"))
    if path.parent.name not in LEFT_OUT
]
COST = re.compile(r"^\*\*Cost\*\*: (.*?)\n\n", re.MULTILINE | re.DOTALL)
AMOUNT = re.compile(r"(?<![\d.])\d+\.\d+(?![\d.])")
# What the calculator knows nothing of, at list prices of the same month: a GB through a NAT gateway, and a month of a
# GB in S3, in a snapshot and in ECR.
OTHER_PRICES = {"0.023", "0.045", "0.05", "0.10"}
# What of a configuration changes the bill of an idle fleet, and the calculator's word for it.
OPTIONS = {
    r"allow_function_url += true": ["--webhook"],
    r"(alarm_topic_arn += aws|alarms += true)": ["--all-alarms"],
    r"credentials += \{\n +enabled += true": ["--credentials"],
    r"actuator += \"alarms\"": ["--actuator", "alarms"],
    r"dashboard += true": ["--dashboard"],
    r"tracing += true": ["--tracing"],
}
# Sweeps an hour of the rates that the examples use; without one it is the default, each minute.
SWEEPS = {"rate(5 minutes)": "12", "rate(1 hour)": "1", "cron(0 21 * * ? *)": "0.042"}
PARAMETER = re.compile(r"(?<=/)\$\{var\.name\}/([\w/${}.-]+)")
by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)


@by_page
def test_an_example_has_the_parts_that_all_have(page: Path) -> None:
    headings = [heading.strip() for heading in HEADING.findall(prose(page))]
    expected = ["Apply", "See that it works", "Clean up"]
    assert expected == [heading for heading in headings if heading in expected]


@by_page
def test_an_examples_cost_is_the_calculators_for_what_the_example_sets_up(page: Path) -> None:
    [paragraph] = COST.findall(text_of(page))
    figures = list(FIGURE.finditer(paragraph))
    assert figures, "no figure with its command"
    assert paragraph == priced(paragraph), "make docs writes the figures"
    assert sorted(set_up_by(page.parent)) == sorted(arguments_of(figures[0]["command"]))
    others = set(AMOUNT.findall(FIGURE.sub("", paragraph)))
    assert others <= OTHER_PRICES | {f"{price:.{places}f}" for price in PRICES.values() for places in (2, 3)}


def set_up_by(example: Path) -> list[str]:
    """Return the calculator's options for an example's fleet at rest."""
    text = text_of(example / "main.tf")
    options = [option for pattern, given in OPTIONS.items() if re.search(pattern, text) for option in given]
    rates = re.findall(r'rate += "([^"]+)"', text)
    return options + [option for rate in rates for option in ("--sweeps-an-hour", SWEEPS[rate])]


@by_page
def test_the_parameters_that_an_example_reads_are_made_and_deleted_by_its_commands(page: Path) -> None:
    shell = "".join(block.text for block in blocks(page) if block.is_shell)
    made, deleted = shell.split("aws ssm delete-parameters")
    patterns = [re.sub(r"\\\$\\\{.*?\\\}", r"\\w+", re.escape(name)) for name in read_by(page.parent)]
    for names in (re.findall(r"put-parameter .*--name (\S+)", made), re.findall(r"(?<=\s)/\S+", deleted)):
        assert names
        assert [name for name in names if not any(re.fullmatch(pattern, name) for pattern in patterns)] == []
        assert [pattern for pattern in patterns if not any(re.fullmatch(pattern, name) for name in names)] == []


def read_by(example: Path) -> set[str]:
    """Return the SSM parameters that an example names, for the default of its name."""
    [name] = re.findall(r'"Name of the fleet\."\n.*\n +default += "([^"]+)"', text_of(example / "variables.tf"))
    found = PARAMETER.findall(text_of(example / "main.tf"))
    assert found
    return {f"/{name}/{rest}" for rest in found}


def test_no_two_examples_have_a_fleet_of_the_same_name() -> None:
    names = [next(iter(read_by(page.parent))).split("/")[1] for page in PAGES]
    assert len(PAGES) > 10
    assert sorted(names) == sorted(set(names))
