"""The builder as a command, on a tiny repository and without any network."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.tools.package.support import (
    BUILDER,
    REPOSITORY,
    digest,
    index_environment,
    lock_entry,
    make_wheel,
    names,
    pythons,
    refused,
    too_old_pythons,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.tools.package.support import Tree

ZIP_NAMES = [
    "common/names.py",
    "greeting-1.0.dist-info/METADATA",
    "greeting/__init__.py",
    "hello/__init__.py",
    "hello/handler.py",
]


@pytest.fixture
def dead_index() -> Iterator[str]:
    """An index that takes connections and never answers, so that pip hangs until it is stopped."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/simple"


def snapshot(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): digest(path) for path in folder.rglob("*") if path.is_file()}


def test_a_zip_holds_the_package_common_and_its_distributions_and_nothing_else(tree: Tree, tmp_path: Path) -> None:
    tree.write("lambda_src/other/handler.py", "")
    tree.write("lambda_src/hello/tests/test_handler.py", "")
    tree.write("lambda_src/hello/notes.txt", "")
    tree.write("lambda_src/hello/__pycache__/handler.cpython-313.pyc", "")
    result = tree.build(tmp_path / "hello.zip")
    assert (result.code, result.errors) == (0, "")
    assert names(tmp_path / "hello.zip") == ZIP_NAMES


def test_a_package_without_distributions_needs_no_pip(tree: Tree, tmp_path: Path) -> None:
    tree.write("lambda_src/hello/distributions.txt", "# none\n")
    assert tree.build(tmp_path / "hello.zip", PIP_FIND_LINKS="/nowhere").code == 0
    assert names(tmp_path / "hello.zip") == [name for name in ZIP_NAMES if "greeting" not in name]


def test_one_line_tells_the_start_and_one_the_end(tree: Tree, tmp_path: Path) -> None:
    start, end = tree.build(tmp_path / "hello.zip", "--architecture", "arm64").output.splitlines()
    assert start == "packaging hello for python3.13 on arm64"
    assert end.startswith(f"wrote {tmp_path / 'hello.zip'} (0.00 MB in ")


def test_an_existing_output_is_kept_at_once(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "hello.zip").write_text("done before")
    result = tree.build(tmp_path / "hello.zip", PIP_FIND_LINKS="/nowhere")
    assert (result.code, result.output) == (0, f"{tmp_path / 'hello.zip'} is up to date\n")
    assert (tmp_path / "hello.zip").read_text() == "done before"


def test_a_build_reads_its_inputs_alone_and_writes_its_output_alone(tree: Tree, tmp_path: Path) -> None:
    """The tree holds the declared inputs and nothing else, so a build that reads more fails."""
    before = snapshot(tree.root)
    assert tree.build(tmp_path / "out" / "hello.zip").code == 0
    assert snapshot(tree.root) == before
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["hello.zip"]


def test_the_bytes_depend_on_the_inputs_alone(tree: Tree, tmp_path: Path, reference: str) -> None:
    for path in tree.root.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o755)
    assert tree.build(tmp_path / "2.zip", "--architecture", "arm64", TZ="Asia/Tokyo", LC_ALL="C").code == 0
    assert digest(tmp_path / "2.zip") == reference


@pytest.mark.parametrize("python", pythons())
def test_every_python_builds_the_same_bytes(tree: Tree, tmp_path: Path, python: str, reference: str) -> None:
    result = tree.run("--package", "hello", "--output", str(tmp_path / "1.zip"), python=python)
    assert (result.code, result.errors) == (0, "")
    assert digest(tmp_path / "1.zip") == reference


def test_the_builder_is_written_in_the_syntax_of_python_3_8() -> None:
    files = sorted((REPOSITORY / "tools/package").glob("*.py"))
    assert REPOSITORY / BUILDER in files
    for path in files:
        ast.parse(path.read_text(encoding="utf-8"), path.name, feature_version=(3, 8))


def test_the_builder_needs_the_standard_library_alone() -> None:
    imported = set()
    for path in (REPOSITORY / "tools/package").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).split(".")[0])
    assert "tools" in imported
    assert imported - sys.stdlib_module_names == {"tools"}


@pytest.mark.skipif(not too_old_pythons(), reason="this machine has no Python 3.6 or 3.7")
def test_a_python_that_is_too_old_is_named(tree: Tree, tmp_path: Path) -> None:
    result = tree.run("--package", "hello", "--output", str(tmp_path / "1.zip"), python=too_old_pythons()[0])
    assert "Python 3.8 or newer is needed" in refused(result)


def test_pip_settings_of_the_user_change_nothing(tree: Tree, tmp_path: Path) -> None:
    settings = {
        "PIP_COMPILE": "1",
        "PIP_CONSTRAINT": "/nowhere/constraints.txt",
        "PIP_NO_BINARY": ":all:",
        "PIP_PLATFORM": "win32",
        "PIP_PREFIX": "/nowhere",
        "PIP_REQUIRE_VIRTUALENV": "1",
        "PIP_TARGET": "/nowhere",
        "PIP_USER": "1",
    }
    assert tree.build(tmp_path / "1.zip", **settings).code == 0
    assert names(tmp_path / "1.zip") == ZIP_NAMES


def test_a_pip_configuration_file_may_constrain_and_redirect_without_effect(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nconstraint = /nowhere.txt\nuser = true\nrequire-virtualenv = true\n")
    assert tree.build(tmp_path / "1.zip", PIP_CONFIG_FILE=str(tmp_path / "pip.conf")).code == 0
    assert names(tmp_path / "1.zip") == ZIP_NAMES


def test_modules_of_other_people_named_like_ours_or_pips_do_not_get_in(tree: Tree, tmp_path: Path) -> None:
    for name in ("tools/package/cli.py", "archive.py", "pip.py"):
        (tmp_path / "foreign" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "foreign" / name).write_text("raise SystemExit('foreign module')\n")
    shutil.copy(tmp_path / "foreign" / "pip.py", tree.wheels)  # the working directory of the run
    assert tree.build(tmp_path / "1.zip", PYTHONPATH=f"{tmp_path / 'foreign' / 'tools'}").code == 0


def test_a_virtual_environment_without_pip_builds_with_the_pip_that_python_brings(tree: Tree, tmp_path: Path) -> None:
    venv = [getattr(sys, "_base_executable", sys.executable), "-m", "venv", "--without-pip", str(tmp_path / "venv")]
    subprocess.run(venv, check=True, env=index_environment())
    python = str(tmp_path / "venv" / "bin" / "python")
    result = tree.run("--package", "hello", "--output", str(tmp_path / "1.zip"), python=python)
    assert (result.code, result.errors) == (0, "")


def test_two_builds_at_once_do_the_work_once(tree: Tree, tmp_path: Path) -> None:
    command = tree.command("--package", "hello", "--output", str(tmp_path / "out" / "hello.zip"))
    builds = [
        subprocess.Popen(command, env=tree.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(3)
    ]
    outputs = [build.communicate(timeout=60)[0] for build in builds]
    assert [build.returncode for build in builds] == [0, 0, 0], outputs
    assert sum(output.count("packaging hello") for output in outputs) == 1, outputs
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["hello.zip"]
    assert names(tmp_path / "out" / "hello.zip") == ZIP_NAMES


@pytest.fixture
def hanging(tree: Tree, tmp_path: Path, dead_index: str) -> Iterator[subprocess.Popen[str]]:
    """A build that waits for its index, in a process group of its own as a terminal's job is."""
    changes = {"PIP_NO_INDEX": "", "PIP_FIND_LINKS": "", "PIP_INDEX_URL": dead_index}
    build = subprocess.Popen(
        tree.command("--package", "hello", "--output", str(tmp_path / "out" / "hello.zip")),
        env=tree.environment(**changes),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert build.stdout is not None
        assert build.stdout.readline().startswith("packaging hello")
        yield build
    finally:
        os.killpg(build.pid, signal.SIGKILL) if build.poll() is None else None
        build.communicate()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_stopped_build_leaves_nothing(
    hanging: subprocess.Popen[str], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    hanging.send_signal(number)
    assert hanging.wait(timeout=10) == code
    assert list((tmp_path / "out").iterdir()) == []


def test_a_killed_build_blocks_nobody_and_is_cleaned_up_by_the_next(
    hanging: subprocess.Popen[str], tree: Tree, tmp_path: Path
) -> None:
    os.killpg(hanging.pid, signal.SIGKILL)
    hanging.wait(timeout=10)
    assert not (tmp_path / "out" / "hello.zip").exists()
    result = tree.build(tmp_path / "out" / "hello.zip")
    assert (result.code, result.errors) == (0, "")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["hello.zip"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(("--package", "nope", "--output", "o.zip"), 'no package "nope" in', id="package"),
        pytest.param(("--package", "../hello", "--output", "o.zip"), 'no package "../hello" in', id="path as package"),
        pytest.param(("--package", "hello"), "--package needs --output", id="output missing"),
        pytest.param(("--package", "hello", "--output", "o.zip", "--all"), "not allowed with", id="all and one"),
        pytest.param(("--all", "--output", "o.zip"), "--output goes with --package", id="one output for all"),
        pytest.param((), "one of the arguments --package --all is required", id="nothing"),
        pytest.param(
            ("--package", "hello", "--output", "o.zip", "--provisioner", "magic"), "invalid choice", id="provisioner"
        ),
        pytest.param(
            ("--package", "hello", "--output", "o.zip", "--runtime", "python3.9"),
            "python3.13, python3.14",
            id="runtime",
        ),
        pytest.param(
            ("--package", "hello", "--output", "o.zip", "--architecture", "amd64"), "x86_64, arm64", id="architecture"
        ),
    ],
)
def test_wrong_arguments_are_told_in_one_sentence(tree: Tree, arguments: tuple[str, ...], words: str) -> None:
    result = tree.run(*arguments)
    assert words in refused(result)
    assert result.errors.count("\n") == 1


def test_an_output_that_is_a_folder_is_named(tree: Tree, tmp_path: Path) -> None:
    assert f"{tmp_path} is a folder" in refused(tree.build(tmp_path))


def test_a_folder_that_cannot_be_written_is_named(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = tree.build(tmp_path / "file" / "hello.zip")
    assert f"The folder {tmp_path / 'file'} cannot be written (" in refused(result)


def test_an_unlocked_distribution_is_named(tree: Tree, tmp_path: Path) -> None:
    tree.write("lambda_src/hello/distributions.txt", "greeting\nfarewell\n")
    assert 'Distribution "farewell" is not in lambda_src/requirements.txt' in refused(tree.build(tmp_path / "1.zip"))


def test_a_missing_lock_file_is_named(tree: Tree, tmp_path: Path) -> None:
    (tree.root / "lambda_src/requirements.txt").unlink()
    assert "requirements.txt is missing" in refused(tree.build(tmp_path / "1.zip"))


def test_a_changed_download_is_never_packaged(tree: Tree, tmp_path: Path) -> None:
    make_wheel(tree.wheels, "greeting", {"greeting/__init__.py": "WORD = 'forged'\n"})
    result = tree.build(tmp_path / "out" / "1.zip")
    assert "does not match its hash" in refused(result)
    assert "Expected sha256" in result.errors
    assert list((tmp_path / "out").iterdir()) == []


def test_a_distribution_without_a_wheel_for_the_target_is_named(tree: Tree, tmp_path: Path) -> None:
    wheel = make_wheel(tree.wheels, "windowed", {"windowed.py": ""}, "cp313-cp313-win_amd64")
    tree.write("lambda_src/requirements.txt", lock_entry("windowed", wheel))
    tree.write("lambda_src/hello/distributions.txt", "windowed\n")
    sentence = refused(tree.build(tmp_path / "1.zip", "--architecture", "arm64"))
    assert "no wheel of windowed==1.0 for python3.13 on arm64" in sentence


@pytest.mark.parametrize(("architecture", "machine"), [("x86_64", "x86_64"), ("arm64", "aarch64")])
def test_compiled_wheels_are_those_of_the_target(tree: Tree, tmp_path: Path, architecture: str, machine: str) -> None:
    linuxes = ("manylinux2014", "manylinux_2_17", "manylinux_2_28", "manylinux_2_34")
    wheels = {
        linux: make_wheel(tree.wheels, linux, {f"{linux}.so": machine}, f"cp313-cp313-{linux}_{machine}")
        for linux in linuxes
    }
    tree.write("lambda_src/requirements.txt", "".join(lock_entry(name, wheel) for name, wheel in wheels.items()))
    tree.write("lambda_src/hello/distributions.txt", "\n".join(linuxes))
    assert tree.build(tmp_path / "1.zip", "--architecture", architecture).code == 0
    with zipfile.ZipFile(tmp_path / "1.zip") as archive:
        assert [archive.read(f"{linux}.so").decode() for linux in linuxes] == [machine] * 4


def test_an_unreachable_index_is_told_with_pips_last_lines(tree: Tree, tmp_path: Path) -> None:
    with socket.socket() as closed:  # bound and not listening: connections are refused
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/simple"
        result = tree.build(tmp_path / "1.zip", PIP_NO_INDEX="", PIP_FIND_LINKS="", PIP_INDEX_URL=url)
    assert "pip cannot reach the package index" in refused(result)
    assert "No matching distribution found for greeting==1.0" in result.errors


def test_all_packages_are_built_into_files_named_after_their_inputs(tree: Tree, tmp_path: Path) -> None:
    tree.write("lambda_src/second/handler.py", "")
    tree.write("lambda_src/second/distributions.txt", "")
    result = tree.run("--all", "--output-dir", str(tmp_path / "out"))
    built = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert [name.split("-")[0] for name in built] == ["hello", "second"]
    assert all(str(tmp_path / "out" / name) in result.output for name in built)
    again = tree.run("--all", "--output-dir", str(tmp_path / "out"))
    assert again.output.count("is up to date") == 2


def test_all_packages_go_to_the_build_folder_by_default(tree: Tree) -> None:
    assert tree.run("--all").code == 0
    assert len(list((tree.root / "build/packages").glob("hello-*.zip"))) == 1
