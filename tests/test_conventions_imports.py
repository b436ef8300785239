"""The import rule of the Lambda code, checked on the source: each test fails if it ever matches no file."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Collection

LAMBDA_SRC = Path(__file__).parents[1] / "lambda_src"
PACKAGES = ("common", "webhook", "scaler", "credentials")

# By dotted name. An adapter is the only one that talks to its service ...
ADAPTERS = frozenset(
    {
        "common.aws",
        "common.connections",
        "common.http",
        "common.secrets",
        "credentials.cipher",
        "credentials.clients",
        "credentials.gitlab",
        "credentials.grant_store",
        "credentials.s3",
        "credentials.sts",
        "credentials.table",
        "scaler.autoscaling",
        "scaler.cloudwatch",
        "scaler.gitlab",
        "scaler.queue",
        "scaler.sessions",
        "scaler.state",
        "scaler.wake",
        "webhook.queue",
    }
)
# ... these wire and sequence, and may log ...
WIRING = frozenset(
    {
        "common.telemetry",
        "credentials.audit",
        "credentials.authenticate.keys",
        "credentials.budget",
        "credentials.check",
        "credentials.doors",
        "credentials.handler",
        "credentials.metrics",
        "credentials.mint",
        "credentials.shared_cache",
        "credentials.wiring",
        "scaler.act",
        "scaler.expiry",
        "scaler.handler",
        "scaler.leave",
        "scaler.observe",
        "scaler.publish",
        "scaler.scale",
        "scaler.termination.handler",
        "scaler.tokens",
        "webhook.handler",
        "webhook.receive",
    }
)
# ... and everything else, what is yet to be written included, is core: it decides, and does nothing.

SERVICE_LIBRARIES = frozenset({"boto3", "botocore", "gitlab", "requests", "urllib3"})
# What would let the clock, the environment, chance or a log into a decision.
IMPURE = SERVICE_LIBRARIES | {
    "aws_lambda_powertools",
    "logging",
    "os",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "time",
}
CLOCKS = frozenset({"now", "utcnow", "today"})


def modules() -> list[Path]:
    return sorted(path for path in LAMBDA_SRC.rglob("*.py") if "__pycache__" not in path.parts)


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(LAMBDA_SRC).with_suffix("").parts)


def named(names: Collection[str]) -> list[Path]:
    return [path for path in modules() if dotted(path) in names]


def runtime_nodes(tree: ast.AST) -> list[ast.AST]:
    """Return every node that runs: what only the type checker imports binds nothing together."""
    nodes: list[ast.AST] = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=alternative):
                waiting.extend(alternative)
            case _:
                waiting.extend(ast.iter_child_nodes(node))
    return nodes


def imports(tree: ast.AST) -> set[str]:
    """Return the dotted names of all modules that are imported, also within functions."""
    found: set[str] = set()
    for node in runtime_nodes(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            # "from common import http" imports common.http.
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or "."}
    return found


def top(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def clock_calls(tree: ast.AST) -> set[str]:
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {func.attr for func in calls if isinstance(func, ast.Attribute) and func.attr in CLOCKS}


def environment_reads(tree: ast.AST) -> set[str]:
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return names & {"environ", "getenv"}


def package_of(path: Path) -> str:
    return path.relative_to(LAMBDA_SRC).parts[0]


def parse(path: Path) -> ast.AST:
    return ast.parse(path.read_text(), filename=str(path))


def foreign_packages(package: str, tree: ast.AST) -> set[str]:
    """Return which packages of ours are imported and must not be: all but itself and common."""
    return (top(imports(tree)) & set(PACKAGES)) - {package, "common"}


def impurities(tree: ast.AST) -> set[str]:
    """Return what keeps a module from being pure, imports of adapters included."""
    ours = {name for name in imports(tree) if name.split(".")[0] in PACKAGES}
    adapters = {name for name in ours if name in ADAPTERS or name.rpartition(".")[0] in ADAPTERS}
    return (top(imports(tree) - ours) & IMPURE) | adapters | clock_calls(tree)


def relative(path: Path) -> str:
    return str(path.relative_to(LAMBDA_SRC))


def test_packages_import_no_other_package_than_common() -> None:
    checked = modules()
    assert {"common", "webhook"} <= {package_of(path) for path in checked}
    found = {relative(path): foreign_packages(package_of(path), parse(path)) for path in checked}
    assert {path: names for path, names in found.items() if names} == {}


def test_the_core_is_pure() -> None:
    checked = [path for path in modules() if dotted(path) not in ADAPTERS | WIRING]
    assert {"credentials.authorize", "credentials.policy", "scaler.plan", "webhook.verify"} <= set(map(dotted, checked))
    found = {relative(path): impurities(parse(path)) for path in checked}
    assert {path: names for path, names in found.items() if names} == {}


def test_only_adapters_talk_to_services() -> None:
    checked = [path for path in modules() if dotted(path) not in ADAPTERS]
    assert {"scaler.handler", "webhook.handler"} <= set(map(dotted, checked))
    found = {relative(path): top(imports(parse(path))) & SERVICE_LIBRARIES for path in checked}
    assert {path: names for path, names in found.items() if names} == {}


def test_every_name_in_the_lists_is_a_module() -> None:
    assert len(named(ADAPTERS | WIRING)) == len(ADAPTERS | WIRING)


def test_only_handlers_read_the_environment() -> None:
    handlers = [path for path in modules() if path.stem == "handler"]
    assert any(environment_reads(parse(path)) for path in handlers)
    found = {relative(path): environment_reads(parse(path)) for path in modules() if path not in handlers}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("import boto3", {"boto3"}, id="a service library"),
        pytest.param("def f():\n    from time import time", {"time"}, id="within a function"),
        pytest.param("import os.path", {"os"}, id="the environment"),
        pytest.param("from datetime import datetime\ndatetime.now()", {"now"}, id="the clock"),
        pytest.param("from webhook.queue import Queue", {"webhook.queue", "webhook.queue.Queue"}, id="an adapter"),
        pytest.param("from common import http", {"common.http"}, id="an adapter of common"),
        pytest.param("if TYPE_CHECKING:\n    import boto3\nelse:\n    import os", {"os"}, id="types only"),
        pytest.param("from webhook.request import Request\nimport json", set(), id="nothing"),
    ],
)
def test_the_checker_of_the_core_sees(source: str, expected: set[str]) -> None:
    assert impurities(ast.parse(source)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("import scaler.plan", {"scaler"}, id="another package"),
        pytest.param("from scaler import plan", {"scaler"}, id="from another package"),
        pytest.param("from common import aws\nfrom webhook import verify", set(), id="common and itself"),
    ],
)
def test_the_checker_of_packages_sees(source: str, expected: set[str]) -> None:
    assert foreign_packages("webhook", ast.parse(source)) == expected


def test_common_may_import_no_package_of_ours() -> None:
    assert foreign_packages("common", ast.parse("import webhook, scaler")) == {"webhook", "scaler"}


def test_the_checker_of_the_environment_sees_both_ways() -> None:
    assert environment_reads(ast.parse("os.environ['A']; os.getenv('B')")) == {"environ", "getenv"}
