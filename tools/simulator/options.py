"""Options that several commands share, and what they stand for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tools.simulator import generator
from tools.simulator.setup import Boot, Dispatch, Setup
from tools.simulator.table_file import read_csv
from tools.simulator.traces import read_binary

if TYPE_CHECKING:
    import argparse

    from tools.simulator.workload import Workload


def add_world(command: argparse.ArgumentParser) -> None:
    """Add the workload and the world that it runs in."""
    own = Setup()
    command.add_argument("trace", nargs="?", type=Path, help=".dat or .csv; generated pipelines if it is left out")
    add_generator(command)
    command.add_argument("--slots", type=int, default=own.slots, help="jobs per instance (1)")
    command.add_argument("--boot", type=float, default=own.boot.seconds, help="median boot time in seconds (120)")
    command.add_argument("--boot-sigma", type=float, default=0.0, help="its variation, of the logarithm (0)")
    command.add_argument("--minimum", type=int, default=own.minimum, help="of the group (0)")
    command.add_argument("--maximum", type=int, default=own.maximum, help="of the group (1000)")
    command.add_argument("--launch-failures", type=float, default=0.0, help="share of launches that fail (0)")
    command.add_argument("--interruptions", type=float, default=0.0, help="spot interruptions an instance hour (0)")
    command.add_argument("--poll", type=float, default=0.0, help="seconds between a runner's requests (0: at once)")
    command.add_argument("--dispatch", choices=[str(kind) for kind in Dispatch], default=str(own.dispatch))
    command.add_argument("--runner-tags", default="", help="tags of the runner, separated by commas")
    command.add_argument("--instance-type", default="", help="adds money: its price on demand")


def add_generator(command: argparse.ArgumentParser) -> None:
    """Add what pipelines are generated from."""
    own = generator.Options()
    command.add_argument("--days", type=float, default=own.days, help=f"of generated pipelines ({own.days:g})")
    command.add_argument("--pipelines-per-day", type=float, default=own.pipelines_per_day, help="(150)")
    command.add_argument("--projects", type=int, default=own.projects, help=f"({own.projects})")
    command.add_argument("--sigma", type=float, default=own.sigma, help="variation of a job's duration (0.5)")
    command.add_argument("--seed", type=int, default=1, help="of everything that is drawn (1)")


def setup_of(options: argparse.Namespace) -> Setup:
    """Return the world that the options describe."""
    return Setup(
        slots=options.slots,
        boot=Boot(options.boot, options.boot_sigma),
        minimum=options.minimum,
        maximum=options.maximum,
        launch_failures=options.launch_failures,
        interruptions_per_hour=options.interruptions,
        poll_seconds=options.poll,
        dispatch=Dispatch(options.dispatch),
        runner_tags=frozenset(filter(None, options.runner_tags.split(","))),
        seed=options.seed,
    )


def workload_of(options: argparse.Namespace) -> Workload:
    """Return the jobs that the options name, or generated ones."""
    if options.trace is None:
        return generated(options)
    return read_csv(options.trace) if options.trace.suffix == ".csv" else read_binary(options.trace)


def generated(options: argparse.Namespace) -> Workload:
    """Return generated pipelines."""
    return generator.generate(
        generator.Options(
            days=options.days,
            pipelines_per_day=options.pipelines_per_day,
            projects=options.projects,
            sigma=options.sigma,
            seed=options.seed,
        )
    )
