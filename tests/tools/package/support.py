"""A repository of three tiny files with an index of its own, and the builder run as people run it."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
BUILDER = "tools/package/build.py"


@dataclass(frozen=True)
class Result:
    """What a run of the builder left."""

    code: int
    output: str
    errors: str


@dataclass(frozen=True)
class Tree:
    """A repository with the builder's inputs only, and a folder of wheels instead of a package index."""

    root: Path
    wheels: Path

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def environment(self, **changes: str) -> dict[str, str]:
        return {**index_environment(PIP_NO_INDEX="1", PIP_FIND_LINKS=str(self.wheels)), **changes}

    def command(self, *arguments: str, python: str = sys.executable) -> list[str]:
        return [python, str(self.root / BUILDER), *arguments]

    def run(self, *arguments: str, python: str = sys.executable, **changes: str) -> Result:
        done = subprocess.run(
            self.command(*arguments, python=python),
            env=self.environment(**changes),
            cwd=self.wheels,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def build(self, output: Path, *arguments: str, **changes: str) -> Result:
        return self.run("--package", "hello", "--output", str(output), *arguments, **changes)


def refused(result: Result) -> str:
    """Check that a run failed as all failures do, with one sentence; returns the sentence."""
    first, *rest = result.errors.splitlines()
    assert result.code == 2, result
    assert first.startswith("package: error: "), result
    assert first.endswith("."), result
    assert all(line.startswith("  ") for line in rest), result
    assert "Traceback" not in result.errors
    return first


def make_tree(folder: Path) -> Tree:
    """Make the tree with one package, "hello", that ships one distribution, "greeting"."""
    tree = Tree(folder / "a repository", folder / "wheels")
    tree.wheels.mkdir(parents=True)
    wheel = make_wheel(tree.wheels, "greeting", {"greeting/__init__.py": "WORD = 'hello'\n", "greeting/py.typed": ""})
    for source in (REPOSITORY / "tools/package").glob("*.py"):
        tree.write(f"tools/package/{source.name}", source.read_text(encoding="utf-8"))
    tree.write("lambda_src/hello/__init__.py", "")
    tree.write("lambda_src/hello/handler.py", "from common.names import NAME\nfrom greeting import WORD\n")
    tree.write("lambda_src/common/names.py", "NAME = 'world'\n")
    tree.write("lambda_src/hello/distributions.txt", "greeting  # says it\n")
    tree.write("lambda_src/requirements.txt", lock_entry("greeting", wheel) + lock_entry("unused", wheel))
    return tree


def make_wheel(folder: Path, name: str, files: dict[str, str], tag: str = "py3-none-any") -> Path:
    """Make a wheel that only the Lambda runtime's Python may install, as far as Requires-Python goes."""
    info = f"{name}-1.0.dist-info"
    wheel = folder / f"{name}-1.0-{tag}.whl"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Python: ==3.13.*\n"
    described = {
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    everything = {**files, **described}
    record = "".join(f"{path},,\n" for path in [*everything, f"{info}/RECORD"])
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**everything, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)
    return wheel


def lock_entry(name: str, wheel: Path) -> str:
    """Write one entry as the lock file has them."""
    return f"{name}==1.0 \\\n    --hash=sha256:{digest(wheel)}\n    # via -r requirements.in\n"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def index_environment(**changes: str) -> dict[str, str]:
    """Return this process's environment without its pip settings, and with the given ones."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "CONTAINER_"))}
    return {**kept, "PIP_CONFIG_FILE": os.devnull, **changes}


@functools.cache
def pythons() -> list[str]:
    """List this machine's Pythons that can build, one a minor version, this one first."""
    folder = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = {f"{sys.version_info.major}.{sys.version_info.minor}": sys.executable}
    for minor in range(8, 15):
        version = f"3.{minor}"
        installed = sorted(folder.glob(f"{version}.*/bin/python"))
        path = str(installed[-1]) if installed else shutil.which(f"python{version}")
        if path and version not in found and (installed or _has_pip(path)):
            found[version] = path
    return list(found.values())


def too_old_pythons() -> list[str]:
    folder = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    return [str(path) for minor in (6, 7) for path in sorted(folder.glob(f"3.{minor}.*/bin/python"))]


def _has_pip(python: str) -> bool:
    """Tell whether a Python runs (a pyenv shim of a version that is not chosen does not) and has pip."""
    return subprocess.run([python, "-c", "import pip"], capture_output=True, check=False).returncode == 0
