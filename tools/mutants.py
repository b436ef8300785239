"""Mutation-test what decides: the scaler's plan and the webhook's verification. ``make mutants``.

mutmut wants the sources below ``src``, so the run takes place in a copy below build/.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "mutants"
WEBHOOK = ("verify", "request", "job_hook", "tick")
SCALER = ("identity", "plan", "silent")
TESTS = (
    *(f"tests/lambda_src/webhook/test_{name}.py" for name in (*WEBHOOK, "verify_properties", "receive")),
    "tests/lambda_src/scaler/test_scaler_identity.py",
    "tests/lambda_src/scaler/test_scaler_plan.py",
    "tests/lambda_src/scaler/test_scaler_plan_properties.py",
    "tests/lambda_src/scaler/test_scaler_silent.py",
)
ENOUGH = 0.9


def main() -> int:
    """Run every mutant and print the survivors; fail when fewer than nine in ten were killed."""
    prepare()
    print(f"mutating; the log is {FOLDER / 'mutmut.log'}", flush=True)
    with (FOLDER / "mutmut.log").open("wb") as log:
        command = [sys.executable, "-m", "mutmut", "run", "--max-children", "2"]
        subprocess.run(command, cwd=FOLDER, check=False, stdout=log, stderr=subprocess.STDOUT)
    listed = subprocess.run(
        [sys.executable, "-m", "mutmut", "results", "--all", "true"],
        capture_output=True,
        check=True,
        cwd=FOLDER,
        text=True,
    )
    verdicts = [line.strip() for line in listed.stdout.splitlines() if ": " in line]
    survivors = [line for line in verdicts if not line.endswith(": killed")]
    killed = len(verdicts) - len(survivors)
    print("\n".join(survivors))
    print(f"{killed} of {len(verdicts)} mutants killed")
    return 0 if verdicts and killed >= ENOUGH * len(verdicts) else 1


def prepare() -> None:
    """Copy the sources and the tests that check them, and write mutmut's configuration."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    shutil.copytree(ROOT / "lambda_src", FOLDER / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("lambda_src", "events"):
        shutil.copytree(ROOT / "tests" / name, FOLDER / "tests" / name, ignore=shutil.ignore_patterns("__pycache__"))
    mutated = [f"src/webhook/{name}.py" for name in WEBHOOK] + [f"src/scaler/{name}.py" for name in SCALER]
    (FOLDER / "pyproject.toml").write_text(
        "[tool.mutmut]\n"
        'source_paths = ["src"]\n'
        f"only_mutate = {mutated}\n"
        f"pytest_add_cli_args_test_selection = {list(TESTS)}\n"
        'pytest_add_cli_args = ["-p", "no:cacheprovider"]\n'
        "use_git_change_detection = false\n"
        "[tool.pytest.ini_options]\n"
        'addopts = "--import-mode=importlib"\n'
        'pythonpath = ["src", "."]\n',
        encoding="utf-8",
    )


if __name__ == "__main__":
    sys.exit(main())
