"""The documentation names what there is, and nothing else. Each test fails when it matches nothing."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING

import pytest

from scaler.metrics import AT_REST, REST_SECONDS
from tests.docs.pages import PAGES, ROOT, SPAN, blocks, every_file, spans, tables, text_of, title
from tests.terraform.test_observability_conventions import published
from tests.terraform.test_terraform_conventions import SETTINGS, set_by_terraform
from tools.cost import model
from tools.docs.figures import monthly
from tools.docs.hcl import blocks as blocks_of_terraform
from tools.docs.hcl import fields

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MODULE = ROOT / "terraform"
REFERENCE = ROOT / "docs" / "reference.md"
FOLDERS = [MODULE, *sorted(path.parent for path in (ROOT / "examples").glob("*/main.tf"))]
ALARM_GROUPS = re.compile(r"^  (?!operational)[a-z_]+_alarms = {\n(.*?)^  }", re.MULTILINE | re.DOTALL)
# They take settings of gitlab-runner, claims, or anything else, by names that are not the module's.
OPEN = re.compile(r"^(any|map\()")
# The last word of what looks like an input and is a file, a module of Python, or a host.
NOT_AN_INPUT = re.compile(r"\.(com|handle|hcl|json|md|py|sh|tf|toml|zip)$|\(")
# What a metric says that is published only now and then.
RARE = re.compile(r"; only |once a day")
by_page = pytest.mark.parametrize("page", PAGES, ids=title)


@cache
def inputs() -> Mapping[str, Mapping[str, str]]:
    """Return the module's variables with the types of their attributes."""
    variables = [block for block in blocks_of_terraform(MODULE) if block.kind == "variable"]
    return {block.name: {field.name: field.type for field in fields(block.attributes["type"])} for block in variables}


def outputs(folder: Path) -> set[str]:
    return {block.name for block in blocks_of_terraform(folder) if block.kind == "output"}


def is_an_input(name: str) -> bool:
    """Return whether a dotted name is an input of the module, as far as its types tell."""
    variable, *parts = name.split(".")
    attributes = inputs()[variable]
    if not parts:
        return True
    # "grants.*", or "validation_*" which stands for several.
    found = [kind for each, kind in attributes.items() if re.fullmatch(parts[0].replace("*", ".*"), each)]
    deeper = parts[1:]
    return bool(found) and (not deeper or any(OPEN.match(kind) or f"{deeper[0]} =" in kind for kind in found))


def inputs_named(page: Path) -> list[str]:
    """Return what a page names as inputs, in backticks."""
    start = re.compile(rf"^(?:{'|'.join(inputs())})\.[a-z_*]+(?:\.[a-z_*]+)*(?![\w/-]|\.\w)")
    found = [start.match(span) for span in spans(page) if not NOT_AN_INPUT.search(span.split(" ")[0])]
    return [match[0] for match in found if match is not None]


def alarms() -> set[str]:
    """Return the names of all alarms behind the fleet's own name, the functions' with a star."""
    text = text_of(MODULE / "alarms.tf")
    operational = [
        name for group in ALARM_GROUPS.findall(text) for name in re.findall(r"^    ([a-z-]+) = {$", group, re.MULTILINE)
    ]
    of_functions = re.findall(r'"\$\{function\}(-[a-z]+)" => {', text)
    scaling = re.findall(r'alarm_name += "\$\{var.name\}-([a-z-]+)"', text_of(MODULE / "scaling.tf"))
    assert operational
    assert of_functions
    assert scaling
    return {*operational, *scaling, *(f"FUNCTION{name}" for name in of_functions)}


def cells(page: Path, head: str) -> list[str]:
    """Return what stands in backticks in the first column of a page's tables with that head."""
    return [name for row in tables(page, head) for name in SPAN.findall(row[head])]


def runs_of_terraform() -> set[str]:
    texts = [text_of(path) for path in (MODULE / "tests").glob("*.tftest.hcl")]
    return {name for text in texts for name in re.findall(r'^run "(\w+)" {', text, re.MULTILINE)}


@cache
def functions_of_tests() -> set[str]:
    texts = [text_of(path) for path in every_file(ROOT / "tests") if path.suffix == ".py"]
    return {name for text in texts for name in re.findall(r"^def (test_\w+)\(", text, re.MULTILINE)}


def test_every_input_is_in_the_modules_reference() -> None:
    known = set(cells(MODULE / "README.md", "Attribute"))
    wanted = {name for attributes in inputs().values() for name in attributes}
    assert len(wanted) > 50
    assert sorted(wanted ^ known) == []


@by_page
def test_every_input_that_is_named_exists(page: Path) -> None:
    assert [name for name in inputs_named(page) if not is_an_input(name)] == []


def test_names_of_inputs_are_found() -> None:
    assert len({name for page in PAGES for name in inputs_named(page)}) > 50
    assert is_an_input("asg.warm_pool.pool_state")
    assert not is_an_input("asg.warm_pool.no_such")
    assert not is_an_input("asg.no_such")


def test_every_output_is_in_the_modules_reference() -> None:
    found = set(re.findall(r'<a name="output_(\w+)">', text_of(MODULE / "README.md")))
    assert len(found) > 10
    assert sorted(outputs(MODULE) ^ found) == []


def test_every_output_that_is_named_exists() -> None:
    known = {name for folder in FOLDERS for name in outputs(folder)}
    named = {name for page in PAGES for name in re.findall(r"outputs? `(\w+)`", text_of(page))}
    named |= {name for page in PAGES for name in re.findall(r"terraform output(?: -\w+)* (\w+)", text_of(page))}
    assert len(named) > 3
    assert sorted(named - known) == []


def test_every_metric_is_documented_and_every_documented_metric_exists() -> None:
    documented = {name for page in PAGES for name in cells(page, "metric")}
    assert len(documented) > 20
    assert sorted(documented ^ published()) == []


def test_every_alarm_is_documented_and_every_documented_alarm_exists() -> None:
    assert sorted(alarms() ^ set(cells(REFERENCE, "alarm"))) == []


def test_the_documentation_links_each_alarm_to_its_runbook() -> None:
    targets = {
        target
        for row in tables(REFERENCE, "alarm")
        for target in re.findall(r"\(runbooks/([a-z-]+)\.md\)", row["runbook"])
    }
    assert targets == {path.stem for path in (ROOT / "docs" / "runbooks").glob("*.md")} - {"README"}


@pytest.mark.parametrize("function", SETTINGS)
def test_every_environment_variable_is_documented_and_every_documented_one_is_set(function: str) -> None:
    documented = {
        name
        for row in tables(REFERENCE, "variable")
        for name in SPAN.findall(row["variable"])
        if function in row["functions"].split(", ")
    }
    assert "FLEET" in documented
    assert sorted(set_by_terraform(function) ^ documented) == []


def test_every_saved_query_is_documented_and_every_documented_one_exists() -> None:
    text = text_of(MODULE / "log_queries.tf")
    saved = re.search(r"^  log_queries = {\n(.*?)^  }", text, re.MULTILINE | re.DOTALL)
    assert saved is not None
    names = {
        *re.findall(r"^    ([a-z-]+) = {$", saved[1], re.MULTILINE),
        *re.findall(r'name += "\$\{var.name\}/([a-z-]+)"', text),
    }
    assert len(names) > 1
    assert sorted(names ^ set(cells(REFERENCE, "query"))) == []


@by_page
def test_every_test_that_is_named_exists(page: Path) -> None:
    named = [span for span in spans(page) if re.fullmatch(r"test_\w+", span)]
    assert [name for name in named if name not in functions_of_tests()] == []


def test_every_promise_of_security_names_a_test_that_exists() -> None:
    rows = [row for head in ("threat", "promise") for row in tables(ROOT / "docs" / "security.md", head)]
    known = functions_of_tests() | runs_of_terraform()
    named = [SPAN.findall(row["held by"]) for row in rows]
    assert len(rows) > 20
    assert [
        row for row, names in zip(rows, named, strict=True) if not names and row["held by"] != "not prevented"
    ] == []
    assert [name for names in named for name in names if name not in known] == []


def test_configurations_in_the_documentation_name_inputs_that_exist() -> None:
    examples = [block.text for page in PAGES for block in blocks(page) if block.language == "hcl"]
    assigned = re.compile(r"^ *(\w+) += \{\n(.*?)^ *\}$", re.MULTILINE | re.DOTALL)
    named = [
        (variable, attribute)
        for text in examples
        for variable, body in assigned.findall(text)
        if variable in inputs()
        for attribute in re.findall(rf"^ {{{indentation(body)}}}(\w+) +=", body, re.MULTILINE)
    ]
    assert len(named) > 10
    assert [pair for pair in named if pair[1] not in inputs()[pair[0]]] == []


def test_the_lives_of_what_is_kept_are_those_of_the_code() -> None:
    rows = list(tables(ROOT / "docs" / "architecture.md", "what"))
    named = [span.split(" = ") for row in rows for span in SPAN.findall(row.get("constant", ""))]
    assert len(named) > 15
    assert [(name, value) for name, value in named if constant(name) != float(value)] == []


def constant(name: str) -> float:
    """Return the value of a constant of the functions, by its dotted name; multiplications are allowed for."""
    module, _, variable = name.rpartition(".")
    text = text_of(ROOT / "lambda_src" / f"{module.replace('.', '/')}.py")
    assigned = re.search(rf"^{variable} = ([\d_. *]+)$", text, re.MULTILINE)
    assert assigned is not None, f"{name} is no constant"
    return math.prod(float(factor) for factor in assigned[1].split("*"))


def test_the_documented_costs_are_the_calculators() -> None:
    rows = list(tables(ROOT / "docs" / "cost.md", "fleet"))
    assert len(rows) > 3
    for row in rows:
        assert monthly(SPAN.findall(row["command"])[0]) == row["a month"], row["command"]


def test_the_calculator_knows_how_many_metrics_a_fleet_publishes_at_work_and_at_rest() -> None:
    rows = [row for row in tables(ROOT / "docs" / "scaling.md", "metric") if not RARE.search(row["what it says"])]
    always = [(name, row["at rest"]) for row in rows for name in SPAN.findall(row["metric"])]
    assert len(always) == model.FLEET_METRICS
    assert {name for name, at_rest in always if at_rest == "yes"} == AT_REST
    assert len(AT_REST) == model.REST_METRICS
    assert REST_SECONDS <= 3600 / model.RESTS_AN_HOUR < REST_SECONDS + 60


def test_the_calculator_knows_how_many_alarms_there_are() -> None:
    text = text_of(MODULE / "alarms.tf")
    groups = dict(re.findall(r"^  ([a-z_]+)_alarms = {\n(.*?)^  }", text, re.MULTILINE | re.DOTALL))
    count = {name: len(re.findall(r"^    [a-z-]+ = {$", body, re.MULTILINE)) for name, body in groups.items()}
    always, more = re.findall(r"function_names = concat\(\n +\[(.*?)\],\n(.*?)^  \)", text, re.MULTILINE | re.DOTALL)[0]
    assert count["fleet"] + 2 * len(always.split(",")) == model.FLEET_ALARMS
    assert {"webhook", "credentials"} == set(re.findall(r'in \["([a-z]+)"\]', more))
    assert count["webhook"] + 2 == model.WEBHOOK_ALARMS
    assert count["vendor"] + count["shared_cache"] + 2 == model.VENDOR_ALARMS


def test_the_readme_names_the_calculators_sums_for_an_idle_fleet() -> None:
    readme = text_of(ROOT / "README.md")
    everything = model.Usage(credentials=True, all_alarms=True)
    assert f"idle {model.total(model.estimate(model.Usage())):.2f} USD" in readme
    assert f"idle {model.total(model.estimate(everything)):.2f} with all operational alarms" in readme
    addresses = model.Usage(instances=1, public_addresses=True)
    more = model.total(model.estimate(addresses)) - model.total(model.estimate(model.Usage(instances=1)))
    assert f"{more:.2f} more for each instance's address" in readme


def indentation(text: str) -> int:
    return len(text) - len(text.lstrip(" "))
