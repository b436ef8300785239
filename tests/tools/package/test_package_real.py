"""The real packages, with the distributions that the lock file names."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from tests.tools.package.support import BUILDER, REPOSITORY, digest, names, pythons
from tools.package.bench.measure import HANDLERS, ZIP_BARS
from tools.package.installer import install
from tools.package.requirements import parse_names
from tools.package.sources import code, inputs, locked, packages
from tools.package.target import parse_target
from tools.package.trim import RULES, Rule, kept

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUNTIME = {"boto3", "botocore"}  # the Lambda runtime brings them
# What signs and encrypts is compiled for one Python and one architecture.
PURE = [package for package in packages(REPOSITORY) if package != "credentials"]
HANDLER_CASES = [(package, module) for package, modules in HANDLERS.items() for module in modules]
# What a shipped module imports although it is left out: inside a function that none of our code reaches.
UNREACHED = {
    ("aws_lambda_powertools/shared/functions.py", "aws_lambda_powertools.event_handler.openapi.compat"),
    ("charset_normalizer/__main__.py", "charset_normalizer.cli"),
    ("gitlab/cli.py", "gitlab.v4.cli"),
    ("urllib3/__init__.py", "urllib3.contrib.emscripten"),
}


@dataclass(frozen=True)
class Builds:
    """Zips by package, made by this Python for x86_64 from a copy of the inputs and of nothing else."""

    folder: Path

    def __getitem__(self, package: str) -> Path:
        return self.folder / f"{package}.zip"

    def make(self, package: str, output: Path, *arguments: str, python: str = sys.executable) -> None:
        command = [python, str(self.folder / BUILDER), "--package", package, "--output", str(output), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Builds:
    made = Builds(tmp_path_factory.mktemp("builds"))
    for name in {name for package in packages(REPOSITORY) for name in inputs(REPOSITORY, package)}:
        (made.folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / name, made.folder / name)
    for package in packages(REPOSITORY):
        made.make(package, made[package])
    return made


@pytest.fixture(scope="module")
def unpacked(builds: Builds, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack each zip as Lambda does."""
    folder = tmp_path_factory.mktemp("task")
    for package in packages(REPOSITORY):
        with zipfile.ZipFile(builds[package]) as archive:
            archive.extractall(folder / package)
    return folder


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install what all packages ship as pip does, nothing left out."""
    folder = tmp_path_factory.mktemp("installed") / "all"
    lines = {line for package in packages(REPOSITORY) for line in locked(REPOSITORY, package).splitlines(keepends=True)}
    install("".join(sorted(lines)), parse_target("python3.13", "x86_64"), folder)
    return folder


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder of the distributions that the Lambda runtime has, taken from this Python."""
    folder = tmp_path_factory.mktemp("runtime")
    for name in ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3"):
        for file in importlib.metadata.files(name) or ():
            top = file.parts[0]
            if ".." not in file.parts and not top.endswith(".dist-info") and not (folder / top).exists():
                (folder / top).symlink_to(importlib.metadata.distribution(name).locate_file(top))  # type: ignore[arg-type]
    return folder


def import_alone(modules: list[str], *folders: Path) -> None:
    """Import modules where there is nothing but some folders and the standard library, and no function's settings."""
    program = (
        f"import sys, importlib; sys.path[:0] = {[*map(str, folders)]}; [*map(importlib.import_module, {modules})]"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-W", "error", "-c", program],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("package", "module"), HANDLER_CASES)
def test_a_handler_imports_from_its_zip_and_the_runtime_alone(
    unpacked: Path, runtime: Path, package: str, module: str
) -> None:
    import_alone([module], unpacked / package, runtime)


@pytest.mark.parametrize("package", PURE)
def test_what_a_handler_imports_late_is_in_its_zip_too(unpacked: Path, runtime: Path, package: str) -> None:
    modules = [name[: -len(".py")].replace("/", ".") for name in code(REPOSITORY, package) if name.startswith(package)]
    assert HANDLERS[package][0] in modules
    import_alone([module.removesuffix(".__init__") for module in modules], unpacked / package, runtime)


@pytest.mark.parametrize("package", packages(REPOSITORY))
def test_every_package_has_a_handler_that_is_imported_here(package: str) -> None:
    assert package in HANDLERS


@pytest.mark.parametrize("package", PURE)
def test_both_architectures_get_the_same_bytes(builds: Builds, tmp_path: Path, package: str) -> None:
    builds.make(package, tmp_path / "arm64.zip", "--architecture", "arm64")
    assert digest(tmp_path / "arm64.zip") == digest(builds[package])


@pytest.mark.parametrize("python", sorted({*pythons()[1:2], *pythons()[-1:]}))
def test_the_oldest_and_the_newest_python_with_their_pips_build_the_same_bytes(
    builds: Builds, tmp_path: Path, python: str
) -> None:
    builds.make("scaler", tmp_path / "scaler.zip", python=python)
    assert digest(tmp_path / "scaler.zip") == digest(builds["scaler"])


@pytest.mark.parametrize("package", packages(REPOSITORY))
def test_a_zip_stays_small(builds: Builds, package: str) -> None:
    assert builds[package].stat().st_size / 1e6 < ZIP_BARS[package]


@pytest.mark.parametrize("package", PURE)
def test_no_bytecode_test_or_compiled_file_is_shipped(builds: Builds, package: str) -> None:
    endings = (".pyc", ".so", ".pyi", ".exe", "/py.typed", "/RECORD")
    assert [name for name in names(builds[package]) if name.endswith(endings) or "/tests/" in name] == []


@pytest.mark.parametrize(("architecture", "machine"), [("x86_64", "x86_64"), ("arm64", "aarch64")])
def test_compiled_files_are_those_of_the_functions_python_and_architecture(
    builds: Builds, tmp_path: Path, architecture: str, machine: str
) -> None:
    output = tmp_path / "credentials.zip"
    builds.make("credentials", output, "--architecture", architecture)
    compiled = [name for name in names(output) if name.endswith(".so") and not name.endswith(".abi3.so")]
    assert [f"_cffi_backend.cpython-313-{machine}-linux-gnu.so"] == compiled


@pytest.mark.parametrize("package", packages(REPOSITORY))
def test_a_zip_does_not_tell_where_it_was_built(builds: Builds, package: str) -> None:
    content = builds[package].read_bytes()
    assert str(REPOSITORY).encode() not in content
    assert str(builds.folder).encode() not in content


@pytest.mark.parametrize("package", packages(REPOSITORY))
def test_scanners_find_each_distribution_with_its_version_and_its_licence(builds: Builds, package: str) -> None:
    found = {name.split("-")[0] for name in names(builds[package]) if name.endswith(".dist-info/METADATA")}
    wanted = parse_names((REPOSITORY / f"lambda_src/{package}/distributions.txt").read_text(encoding="utf-8"))
    assert found == {name.replace("-", "_") for name in wanted}


@pytest.mark.parametrize("package", packages(REPOSITORY))
def test_a_package_ships_exactly_what_its_code_imports_and_what_that_needs(installed: Path, package: str) -> None:
    distributions = {normal(found.name): found for found in importlib.metadata.distributions(path=[str(installed)])}
    owners = {
        file.parts[0].removesuffix(".py"): name
        for name, found in distributions.items()
        for file in found.files or ()
        if not file.parts[0].endswith(".dist-info")
    }
    imported = {module.split(".")[0] for module in reached(package)} - sys.stdlib_module_names - RUNTIME
    assert imported <= {package, "common", *owners}, "imports what no shipped distribution has"
    needed = {owners[module] for module in imported - {package, "common"}}
    while more := {name for one in needed for name in requirements(distributions[one])} - needed:
        needed |= more
    listed = parse_names((REPOSITORY / f"lambda_src/{package}/distributions.txt").read_text(encoding="utf-8"))
    assert set(listed) == needed


@pytest.mark.parametrize("rule", RULES, ids=[rule.pattern for rule in RULES])
def test_every_trim_rule_leaves_something_out(installed: Path, rule: Rule) -> None:
    others = [other for other in RULES if other != rule]
    files = [path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file()]
    assert any(not kept(name) and kept(name, others) for name in files)


def test_what_is_shipped_does_not_import_what_is_left_out(installed: Path) -> None:
    files = {path.relative_to(installed).as_posix() for path in installed.rglob("*.py")}
    shipped = sorted(filter(kept, files))
    assert shipped
    broken = {
        (name, module)
        for name in shipped
        for module in imports((installed / name).read_text(encoding="utf-8"), name)
        for path in (f"{module.replace('.', '/')}.py", f"{module.replace('.', '/')}/__init__.py")
        if path in files and not kept(path)
    }
    assert broken <= UNREACHED


@pytest.mark.parametrize("package", packages(REPOSITORY))
def test_our_code_does_not_import_what_is_left_out(installed: Path, package: str) -> None:
    files = {path.relative_to(installed).as_posix() for path in installed.rglob("*.py")}
    imported = [module.replace(".", "/") for module in reached(package)]
    paths = {path for name in imported for path in (f"{name}.py", f"{name}/__init__.py")} & files
    assert [path for path in paths if not kept(path)] == []


def normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def requirements(distribution: importlib.metadata.Distribution) -> Iterator[str]:
    """Name what a distribution needs on Lambda, without extras."""
    runtime = {"python_version": "3.13", "python_full_version": "3.13.0", "sys_platform": "linux", "extra": ""}
    for text in distribution.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate(runtime):
            yield normal(requirement.name)


def reached(package: str) -> set[str]:
    """Name every module that a package's own modules import, directly or through `common`."""
    files = code(REPOSITORY, package)
    waiting = [name for name in files if name.startswith(f"{package}/")]
    seen: set[str] = set()
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        new = set(imports(files[name].read_text(encoding="utf-8"), name))
        found |= new
        waiting += [path for path in (f"{module.replace('.', '/')}.py" for module in new) if path in files]
    return found


def imports(source: str, name: str) -> Iterator[str]:
    """Name the modules a file imports, those for type checkers left out."""
    package = name.split("/")[:-1]
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)
        else:
            waiting += ast.iter_child_nodes(node)
