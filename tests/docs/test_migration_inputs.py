"""The tables of docs/migration.md have each input of both predecessors in one row, and none that they do not have."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import ROOT, SPAN, tables, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PAGE = ROOT / "docs" / "migration.md"
PREDECESSORS: Mapping[str, Mapping[str, Sequence[str]]] = tomllib.loads(
    text_of(ROOT / "tests" / "docs" / "predecessors.toml")
)
# The first column of each table that maps inputs.
HEADS = {"cattle-ops/terraform-aws-gitlab-runner": "there", "cmdlabs/gitlab-runner-scale": "predecessor"}
by_predecessor = pytest.mark.parametrize("predecessor", PREDECESSORS)


def fits(pattern: str, name: str) -> bool:
    """Return whether a name is meant by one of the page's, in which … stands for any letters."""
    return re.fullmatch(re.escape(pattern).replace("…", r"\w+"), name) is not None


def whole_names(cell: str, inputs: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield a cell's names; an attribute that stands without its object gets the one before."""
    before = ""
    for name in SPAN.findall(cell):
        alone = "." not in name
        if alone and any(fits(name, each) for each in inputs):
            yield name
        elif alone:
            yield f"{before}.{name}"
        else:
            before = name.split(".")[0]
            yield name


def meant(name: str, inputs: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the inputs, or attributes of inputs, that one name of the page stands for."""
    variable, _, attribute = name.partition(".")
    found = [each for each in inputs if fits(variable, each)]
    if not attribute:
        return found
    return [f"{each}.{one}" for each in found for one in inputs[each] if fits(attribute, one)]


def mapped(page_rows: Sequence[str], inputs: Mapping[str, Sequence[str]]) -> tuple[Counter[str], list[str]]:
    """Return how often inputs and attributes are in the rows, and the names that stand for nothing."""
    counted: Counter[str] = Counter()
    unknown = []
    for name in (name for cell in page_rows for name in whole_names(cell, inputs)):
        counted.update(meant(name, inputs))
        unknown += [] if meant(name, inputs) else [name]
    return counted, unknown


def missing(counted: Counter[str], inputs: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what has no row: neither of its own, nor that of its whole object."""
    wanted = [(name, f"{name}.{one}") for name, each in inputs.items() for one in each]
    alone = [name for name, each in inputs.items() if not each and name not in counted]
    return alone + [one for name, one in wanted if one not in counted and name not in counted]


def rows(predecessor: str) -> list[str]:
    """Return the cells of the page that name a predecessor's inputs: of the tables with three columns."""
    head = HEADS[predecessor]
    return [row[head] for row in tables(PAGE, head) if "difference" in row]


@by_predecessor
def test_every_input_of_a_predecessor_has_a_row(predecessor: str) -> None:
    inputs = PREDECESSORS[predecessor]
    counted, _ = mapped(rows(predecessor), inputs)
    assert missing(counted, inputs) == []


@by_predecessor
def test_no_input_of_a_predecessor_has_two_rows(predecessor: str) -> None:
    counted, _ = mapped(rows(predecessor), PREDECESSORS[predecessor])
    assert [name for name, times in counted.items() if times > 1] == []


@by_predecessor
def test_every_row_names_inputs_that_the_predecessor_has(predecessor: str) -> None:
    _, unknown = mapped(rows(predecessor), PREDECESSORS[predecessor])
    assert unknown == []


def test_the_lists_of_inputs_are_whole() -> None:
    counts = {name: (len(inputs), sum(map(len, inputs.values()))) for name, inputs in PREDECESSORS.items()}
    assert counts == {"cattle-ops/terraform-aws-gitlab-runner": (70, 210), "cmdlabs/gitlab-runner-scale": (4, 30)}


SAMPLE = {"alone": [], "big_one": ["size", "tint"], "big_two": ["size"], "kept": ["a", "b"]}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(["`alone`", "`big_….size`, `tint`", "`kept`"], ([], [], []), id="all of it"),
        pytest.param(["`alone`", "`big_…`", "`kept.a`"], (["kept.b"], [], []), id="an attribute is missing"),
        pytest.param(["`big_…`", "`kept`"], (["alone"], [], []), id="an input is missing"),
        pytest.param(["`alone`, `big_…`, `kept`, `kept.c`"], ([], [], ["kept.c"]), id="an attribute of nowhere"),
        pytest.param(["`alone`, `big_…`, `kept`", "`big_one`"], ([], ["big_one"], []), id="two rows"),
        pytest.param(["`alone`, `big_…`, `kept`", "`kept.a`"], ([], [], []), id="one attribute apart from its object"),
    ],
)
def test_rows_are_compared_with_inputs(cells: list[str], expected: tuple[list[str], list[str], list[str]]) -> None:
    counted, unknown = mapped(cells, SAMPLE)
    assert expected == (missing(counted, SAMPLE), [name for name, times in counted.items() if times > 1], unknown)
