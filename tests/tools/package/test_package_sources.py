from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from tests.tools.package.support import BUILDER, REPOSITORY
from tools.package.sources import fingerprint, inputs, packages
from tools.package.target import parse_target

if TYPE_CHECKING:
    from tests.tools.package.support import Tree

TARGET = parse_target("python3.13", "x86_64")


def test_a_package_is_a_folder_that_says_what_it_ships(tree: Tree) -> None:
    assert packages(tree.root) == ("hello",)
    assert {"scaler", "webhook"} <= set(packages(REPOSITORY))


def test_the_inputs_are_our_modules_the_two_lists_and_the_builder(tree: Tree) -> None:
    tree.write("lambda_src/other/handler.py", "")
    tree.write("tools/package/bench/measure.py", "")
    builder = sorted(path.name for path in (REPOSITORY / "tools/package").glob("*.py"))
    expected = (
        "lambda_src/common/names.py",
        "lambda_src/hello/__init__.py",
        "lambda_src/hello/distributions.txt",
        "lambda_src/hello/handler.py",
        "lambda_src/requirements.txt",
        *(f"tools/package/{name}" for name in builder),
    )
    assert expected == inputs(tree.root, "hello")
    assert BUILDER in expected


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("lambda_src/hello/handler.py", id="a module"),
        pytest.param("lambda_src/hello/deep/new.py", id="a new module"),
        pytest.param("lambda_src/common/names.py", id="a common module"),
        pytest.param("lambda_src/hello/distributions.txt", id="the distributions"),
        pytest.param("lambda_src/requirements.txt", id="the lock file"),
        pytest.param("tools/package/trim.py", id="the builder"),
    ],
)
def test_a_changed_input_changes_the_fingerprint(tree: Tree, name: str) -> None:
    before = fingerprint(tree.root, "hello", TARGET)
    tree.write(name, "# changed")
    assert fingerprint(tree.root, "hello", TARGET) != before


def test_the_target_changes_the_fingerprint(tree: Tree) -> None:
    targets = [(runtime, machine) for runtime in ("python3.13", "python3.14") for machine in ("x86_64", "arm64")]
    assert len({fingerprint(tree.root, "hello", parse_target(*target)) for target in targets}) == 4


def test_other_files_do_not_change_the_fingerprint(tree: Tree) -> None:
    before = fingerprint(tree.root, "hello", TARGET)
    for name in ("lambda_src/other/handler.py", "lambda_src/hello/notes.md", "terraform/main.tf"):
        tree.write(name, "")
    assert fingerprint(tree.root, "hello", TARGET) == before


def test_the_fingerprint_is_the_one_that_terraform_computes(tree: Tree) -> None:
    files = [
        f'"{name}":"{hashlib.sha256((tree.root / name).read_bytes()).hexdigest()}"'
        for name in inputs(tree.root, "hello")
    ]
    encoded = '{"architecture":"x86_64","files":{' + ",".join(files) + '},"runtime":"python3.13"}'
    assert fingerprint(tree.root, "hello", TARGET) == hashlib.sha256(encoded.encode()).hexdigest()[:32]
