"""The command line: `python -m tools.simulator --help`."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tools.simulator import advise, compare, words
from tools.simulator.checks import ValueRangeError
from tools.simulator.export.progress import ProgressError
from tools.simulator.money import PriceError
from tools.simulator.options import add_generator, add_world, conditions_of, generated
from tools.simulator.policies.registry import COMPARED, SpecError, parse
from tools.simulator.table_file import write_csv
from tools.simulator.workload import WorkloadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.simulator.conditions import Conditions
    from tools.simulator.workload import Workload

FOLDER = Path("build/simulator")
# Of fewer, those that wait longer are too few to be a share: 5 % of 200 are ten.
FEW_JOBS = 200
ADVICE = FOLDER / "advice" / "main.tf"
_TOKEN = "GITLAB_TOKEN"  # noqa: S105 - the name of a variable


_POLICY_HELP = (
    "NAME or NAME:KEY=VALUE,…; may be repeated (this project as its module configures it, and others' rules);"
    " product alone is product:idle=300,buffer=0,look_ahead=off"
)


class InputError(Exception):
    """The command cannot do what it is asked; the message says what is missing."""


def main(arguments: Sequence[str]) -> int:
    """Run a command; return 0, or 2 with a sentence that says what is wrong with the input."""
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except (
        InputError,
        PriceError,
        ProgressError,
        SpecError,
        ValueRangeError,
        WorkloadError,
        advise.AdviceError,
        OSError,
    ) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on where an export was", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(prog="tools.simulator", description="Simulate a runner fleet under policies.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    _compare_command(commands.add_parser("compare", help="simulate policies on one workload; table, JSON, plots"))
    _advise_command(commands.add_parser("advise", help="find the cheapest settings for a target, as Terraform"))
    _generate_command(commands.add_parser("generate", help="write generated pipelines as CSV"))
    _export_command(commands.add_parser("export", help="export jobs of GitLab projects as CSV, without names"))
    return top


def _compare_command(command: argparse.ArgumentParser) -> None:
    add_world(command)
    command.add_argument("--policy", action="append", help=_POLICY_HELP)
    command.add_argument("--frontier", action="store_true", help="plot every policy over its knobs, too (minutes)")
    command.add_argument("--output", type=Path, default=FOLDER, help=f"folder of what is written ({FOLDER})")
    command.set_defaults(run=_compare)


def _compare(options: argparse.Namespace) -> None:
    from tools.simulator import report  # noqa: PLC0415 - only drawing needs matplotlib, which takes a second

    conditions = conditions_of(options)
    setup, workload, price = conditions.setup, conditions.workload, conditions.hourly_price
    specs = [parse(text) for text in options.policy or COMPARED]
    print(
        f"{workload.name}: {len(workload.jobs)} jobs, {words.amount(workload.busy_seconds / 3600)} h of work",
        flush=True,
    )
    results = []
    for place, spec in enumerate(specs):
        results.append(compare.run(spec, workload, setup, keeps_series=place == 0))
        print(f"  {place + 1} of {len(specs)}: {spec.label}", file=sys.stderr, flush=True)
    print(compare.table(results, price))
    curves = []
    if options.frontier:
        curves = report.curves(workload, setup, lambda name: print(f"  curve: {name}", file=sys.stderr, flush=True))
    for path in report.write(options.output, conditions, results, curves):
        print(f"  → {path}")


def _advise_command(command: argparse.ArgumentParser) -> None:
    add_world(command)
    command.add_argument("--wait", type=float, default=30.0, help="at most --share of the jobs wait longer (30 s)")
    command.add_argument("--share", type=float, default=0.05, help="of all jobs (0.05)")
    command.add_argument("--file", type=Path, default=ADVICE, help=f"where the Terraform code is written ({ADVICE})")
    command.add_argument("--source", help="of the module in it (this checkout's, as the file has to name it)")
    command.set_defaults(run=_advise)


def _advise(options: argparse.Namespace) -> None:
    target = advise.Target(options.wait, options.share)
    conditions = conditions_of(options)
    tell = partial(print, "  ", sep="", file=sys.stderr, flush=True)
    advice = advise.advise(conditions.workload, conditions.setup, target, tell)
    source = options.source or advise.source_from(options.file.parent)
    text = advise.terraform(advice, conditions.setup, source, options.instance_type)
    code = "\n".join([*_found(advice, target, conditions), text])
    options.file.parent.mkdir(parents=True, exist_ok=True)
    options.file.write_text(code, encoding="utf-8")
    print(code, end="")
    print(f"  → {options.file}", file=sys.stderr)


def _found(advice: advise.Advice, target: advise.Target, conditions: Conditions) -> Iterator[str]:
    """Yield comments that say what the settings gave."""
    result = advice.result
    over = 100 * result.share_over(target.seconds)
    money = f", {result.instance_hours * conditions.hourly_price:.2f} USD" if conditions.hourly_price else ""
    yield f"# {conditions.workload.name}: {over:.1f} % of {result.finished} jobs wait over {target.seconds:g} s,"
    yield f"# {result.mean_wait:.1f} s on average; {words.amount(result.instance_hours)} instance-hours{money}"
    yield f"# ({advice.tried} settings tried, boot {conditions.setup.boot.seconds:g} s)"
    if result.finished < FEW_JOBS:
        yield f"# {result.finished} jobs: too few to rely on; {FEW_JOBS} or more, of two weeks, tell how it will be."
    yield "#"
    yield "# What to change in the call of the module that you have; below it, as a root module of its own:"
    yield from (f"#   {line}" for line in advise.changes(advice, conditions.setup))
    yield ""


def _generate_command(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", type=Path)
    add_generator(command)
    command.set_defaults(run=_generate)


def _generate(options: argparse.Namespace) -> None:
    workload: Workload = generated(options)
    with options.file.open("w", encoding="utf-8", newline="") as file:
        write_csv(file, workload)
    print(f"{options.file}: {len(workload.jobs)} jobs")


def _export_command(command: argparse.ArgumentParser) -> None:
    command.add_argument("projects", nargs="*", help="ids or paths; the token comes from " + _TOKEN)
    command.add_argument("--url", default=os.environ.get("GITLAB_URL", "https://gitlab.com"), help="($GITLAB_URL)")
    command.add_argument("--days", type=float, default=14.0, help="how far back (14)")
    command.add_argument("--file", type=Path, default=FOLDER / "trace.csv", help=f"({FOLDER / 'trace.csv'})")
    command.set_defaults(run=_export)


def _export(options: argparse.Namespace) -> None:
    from tools.simulator.export.command import export  # noqa: PLC0415 - only this needs python-gitlab
    from tools.simulator.export.read import ExportError  # noqa: PLC0415 - as above

    if not options.projects:
        raise InputError("no project is named: make trace PROJECTS='group/project 42', by path or id")
    token = os.environ.get(_TOKEN)
    if not token:
        raise InputError(f"{_TOKEN} is not set: a token with read_api of a user who is a Reporter in the projects")
    tell = partial(print, file=sys.stderr, flush=True)
    try:
        number = export(options.url, token, options.projects, options.days, options.file, tell)
    except ExportError as error:
        raise InputError(str(error)) from error
    print(f"{options.file}: {number} jobs")
