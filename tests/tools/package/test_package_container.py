"""Builds through a recorded stand-in for the container CLI: it runs the container's command on this machine."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.tools.package.support import digest, refused
from tools.package.container import CLIS, IMAGE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.package.support import Result, Tree

STAND_IN = """\
#!{python}
import json, os, subprocess, sys
arguments = sys.argv[1:]
with open({record!r}, "w") as record:
    json.dump(arguments, record)
if {failure!r}:
    sys.stderr.write({failure!r} + "\\n")
    sys.exit({code})
image = next(a for a in arguments if "python:" in a)
inside = arguments[arguments.index(image) + 1:]
assert inside[0] == "python3"
os.chdir({folder!r})
code = subprocess.call([sys.executable, *inside[1:]])
sys.exit(code)
"""


class Engine:
    """Installs stand-ins for container CLIs in a folder of its own, which is all there is on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.record = folder / "arguments.json"
        self.path = folder / "bin"
        self.path.mkdir(parents=True)

    def install(self, name: str, failure: str = "", code: int = 125) -> None:
        inside = self.folder / "inside"
        inside.mkdir(exist_ok=True)
        script = STAND_IN.format(
            python=sys.executable, record=str(self.record), failure=failure, code=code, folder=str(inside)
        )
        (self.path / name).write_text(script)
        (self.path / name).chmod(0o755)

    def build(self, tree: Tree, output: Path, **changes: str) -> Result:
        return tree.build(output, "--provisioner", "container", **{"PATH": str(self.path), **changes})

    def arguments(self) -> list[str]:
        recorded: list[str] = json.loads(self.record.read_text())
        return recorded


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path / "engine")


@pytest.fixture
def bare(tree: Tree) -> Tree:
    """The tree without any distribution, which builds without pip."""
    tree.write("lambda_src/hello/distributions.txt", "")
    return tree


@pytest.mark.parametrize("name", CLIS)
def test_a_container_builds_the_same_bytes(
    tree: Tree, tmp_path: Path, engine: Engine, name: str, reference: str
) -> None:
    engine.install(name)
    result = engine.build(tree, tmp_path / "out" / "container.zip")
    assert (result.code, result.errors) == (0, "")
    assert digest(tmp_path / "out" / "container.zip") == reference
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["container.zip"]
    assert engine.arguments()[:4] == ["run", "--rm", "--interactive", IMAGE]


def test_nothing_of_this_machine_is_mounted_or_left_in_the_container(
    bare: Tree, tmp_path: Path, engine: Engine
) -> None:
    engine.install("docker")
    assert engine.build(bare, tmp_path / "1.zip", TMPDIR=str(engine.folder / "inside")).code == 0
    words = " ".join(engine.arguments())
    assert not {"-v", "--volume", "--mount", "--privileged"} & set(engine.arguments())
    assert str(tmp_path) not in words
    assert str(bare.root) not in words
    assert list((engine.folder / "inside").iterdir()) == []


def test_docker_comes_before_podman_and_a_chosen_one_before_both(bare: Tree, tmp_path: Path, engine: Engine) -> None:
    engine.install("docker", failure="this is docker", code=1)
    engine.install("podman")
    assert "docker could not run the container" in refused(engine.build(bare, tmp_path / "1.zip"))
    assert engine.build(bare, tmp_path / "1.zip", CONTAINER_CLI="podman").code == 0


def test_the_image_can_be_chosen(bare: Tree, tmp_path: Path, engine: Engine) -> None:
    engine.install("docker")
    assert engine.build(bare, tmp_path / "1.zip", CONTAINER_IMAGE="registry.example/python:3").code == 0
    assert "registry.example/python:3" in engine.arguments()
    assert IMAGE not in engine.arguments()


def test_how_to_reach_the_index_is_passed_by_name_so_that_no_password_shows(
    bare: Tree, tmp_path: Path, engine: Engine
) -> None:
    engine.install("docker")
    changes = {"PIP_INDEX_URL": "https://user:secret@mirror.example/simple", "HTTPS_PROXY": "http://proxy.example"}
    assert engine.build(bare, tmp_path / "1.zip", **changes).code == 0
    arguments = engine.arguments()
    passed = [arguments[index + 1] for index, word in enumerate(arguments) if word == "--env"]
    assert {"PIP_INDEX_URL", "HTTPS_PROXY"} <= set(passed)
    assert not {"PIP_FIND_LINKS", "PIP_CONFIG_FILE", "PATH"} & set(passed)
    assert "secret" not in " ".join(arguments)


def test_a_missing_cli_is_named_with_the_way_out(bare: Tree, tmp_path: Path, engine: Engine) -> None:
    sentence = refused(engine.build(bare, tmp_path / "1.zip"))
    assert "None of docker, podman, nerdctl is on PATH" in sentence
    assert 'provisioner = "local"' in sentence


def test_a_chosen_cli_that_is_missing_is_named(bare: Tree, tmp_path: Path, engine: Engine) -> None:
    engine.install("docker")
    assert 'CONTAINER_CLI "lima" is not installed' in refused(
        engine.build(bare, tmp_path / "1.zip", CONTAINER_CLI="lima")
    )


@pytest.mark.parametrize(
    ("name", "failure", "code"),
    [
        ("docker", "docker: Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?", 125),
        ("podman", "Cannot connect to Podman. Please verify your connection to the Linux system", 125),
        ("nerdctl", 'level=fatal msg="rootless containerd not running? (hint: use `install.sh`)"', 1),
    ],
)
def test_an_engine_that_is_not_running_is_named(
    bare: Tree, tmp_path: Path, engine: Engine, name: str, failure: str, code: int
) -> None:
    engine.install(name, failure, code)
    result = engine.build(bare, tmp_path / "out" / "1.zip")
    assert f"{name} is installed but its engine is not running" in refused(result)
    assert failure in result.errors
    assert list((tmp_path / "out").iterdir()) == []


def test_an_image_that_cannot_be_pulled_names_the_setting(bare: Tree, tmp_path: Path, engine: Engine) -> None:
    engine.install("docker", "docker: Error response from daemon: pull access denied")
    result = engine.build(bare, tmp_path / "1.zip")
    assert "CONTAINER_IMAGE" in refused(result)
    assert "pull access denied" in result.errors


def test_an_error_of_the_build_in_the_container_is_told_as_it_is(tree: Tree, tmp_path: Path, engine: Engine) -> None:
    engine.install("docker")
    changes = {"PIP_FIND_LINKS": str(tmp_path / "engine")}
    local = tree.build(tmp_path / "1.zip", **changes)
    result = engine.build(tree, tmp_path / "1.zip", **changes)
    assert "no wheel of greeting==1.0" in refused(result)
    assert result.errors == local.errors


def test_a_zip_that_was_cut_on_its_way_is_refused(bare: Tree, tmp_path: Path, engine: Engine) -> None:
    engine.install("docker")
    (engine.path / "docker").write_text(
        f"#!{sys.executable}\nimport os, sys\nsys.stdin.buffer.read()\nos.write(1, b'PK cut')\n"
    )
    assert "docker returned a damaged zip" in refused(engine.build(bare, tmp_path / "out" / "1.zip"))
    assert list((tmp_path / "out").iterdir()) == []
