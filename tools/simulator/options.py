"""Options that several commands share, and what they stand for."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tools.simulator import generator
from tools.simulator.conditions import Conditions
from tools.simulator.money import hourly
from tools.simulator.setup import Boot, Dispatch, Setup
from tools.simulator.table_file import read_csv
from tools.simulator.traces import read_binary
from tools.simulator.workload import WorkloadError

if TYPE_CHECKING:
    import argparse

    from tools.simulator.workload import Workload


# Every field of generator.Options, as the command line explains it.
GENERATED = {
    "projects": "how many projects",
    "pipelines_per_day": "of all projects together",
    "days": "how long",
    "jobs": "of a pipeline, on average",
    "sigma": "variation of a job's duration, of the logarithm",
    "stage_failures": "share of stages in which a job fails, so that the rest never comes",
    "retries": "share of jobs that fail once and are retried",
    "needs": "share of projects whose jobs name their needs",
    "manual": "share of the jobs that wait for a person who does not come",
    "night": "how quiet it is at night, from 0 to 1",
    "bursts": "share of pipelines that come with others",
    "burst_size": "how many pipelines a burst has on average",
    "cancelled": "share of pipelines cancelled within two minutes",
    "on_failure": "jobs that come only after a failure, as a share of the others",
    "seed": "of everything that is drawn",
}


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
    command.add_argument("--least-paid", type=float, default=0.0, help="seconds that a launch costs at least (0)")
    command.add_argument("--runner-tags", default="", help="tags of the runner, separated by commas")
    command.add_argument("--instance-type", default="", help="adds money: its price on demand")


def add_generator(command: argparse.ArgumentParser) -> None:
    """Add what pipelines are generated from."""
    group = command.add_argument_group("generated pipelines", "what there is if no trace is given")
    for field in fields(generator.Options):
        group.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=type(field.default),
            default=field.default,
            metavar="NUMBER",
            help=f"{GENERATED[field.name]} ({field.default:g})",
        )


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
        least_paid_seconds=options.least_paid,
        runner_tags=frozenset(filter(None, options.runner_tags.split(","))),
        seed=options.seed,
    )


def workload_of(options: argparse.Namespace) -> Workload:
    """Return the jobs that the options name, or generated ones."""
    if options.trace is None:
        return generated(options)
    if not options.trace.is_file():
        raise WorkloadError(
            f"TRACE={options.trace}: there is no such file; "
            "make trace PROJECTS=… writes one, and without TRACE pipelines are generated"
        )
    read = read_csv if options.trace.suffix.lower() == ".csv" else read_binary
    return replace(read(options.trace), name=options.trace.name)


def conditions_of(options: argparse.Namespace) -> Conditions:
    """Return the jobs, the world and the price of an instance."""
    # What is quickly found to be wrong comes first.
    setup, price = setup_of(options), hourly(options.instance_type)
    chosen = None if options.trace else generator_of(options)
    return Conditions(workload_of(options), setup, chosen, options.instance_type, price)


def generator_of(options: argparse.Namespace) -> generator.Options:
    """Return what pipelines are generated from."""
    return generator.Options(**{field.name: getattr(options, field.name) for field in fields(generator.Options)})


def generated(options: argparse.Namespace) -> Workload:
    """Return generated pipelines."""
    chosen = generator_of(options)
    workload = generator.generate(chosen)
    if not workload.jobs:
        raise WorkloadError(
            f"days {chosen.days:g}, pipelines-per-day {chosen.pipelines_per_day:g}: no pipeline comes in that time"
        )
    return workload
