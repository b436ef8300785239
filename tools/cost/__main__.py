"""Show what a fleet costs a month: ``make cost INSTANCES=3 HOOKS=20000 VENDS=5000``."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from itertools import groupby
from typing import TYPE_CHECKING

from tools.cost.model import Line, Usage, estimate, total
from tools.cost.prices import CHECKED, INSTANCES, REGION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# What is always said, given or not.
USUAL = frozenset({"instances", "instance_type", "hooks", "vends", "sweeps_an_hour"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the bill; return 0."""
    parser = _parser()
    options = vars(parser.parse_args(arguments))
    if not (options["instance_price"] or options["instance_type"] in INSTANCES):
        known = ", ".join(INSTANCES)
        parser.error(f"--instance-type {options['instance_type']} needs --instance-price; there are prices of {known}")
    options["credentials"] = options["credentials"] or options["vends"] > 0
    usage = Usage(**{field.name: options[field.name] for field in fields(Usage)})
    print("\n".join([*assumed(usage), *render(estimate(usage))]))
    return 0


def assumed(usage: Usage) -> Iterable[str]:
    """Yield what the bill is for: the usual inputs, and those of the others that were given."""
    yield (
        f"for {usage.instances:,.10g} of {usage.instance_type} in service on the month's average, "
        f"{usage.hooks:,.10g} webhooks and {usage.vends:,.10g} requests for credentials a day, "
        f"{usage.sweeps_an_hour:,.10g} sweeps an hour"
    )
    others = [field for field in fields(Usage) if field.name not in USUAL]
    given = {field.name: getattr(usage, field.name) for field in others if getattr(usage, field.name) != field.default}
    if given:
        words = (name if value is True else f"{name} {value}" for name, value in given.items())
        yield f"with {', '.join(words).replace('_', ' ')}"


def render(lines: Iterable[Line]) -> Iterable[str]:
    """Yield the bill as text."""
    yield f"USD a month, {REGION}, list prices of {CHECKED}, no free allowance"
    everything = list(lines)
    for part, own in groupby(everything, key=lambda line: line.part):
        rows = list(own)
        yield f"{part:<38} {total(rows):>10.2f}"
        yield from (f"  {line.what:<36} {line.usd:>10.2f}" for line in rows)
    yield f"{'sum':<38} {total(everything):>10.2f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("make cost", description=__doc__)
    parser.add_argument("--instances", type=_amount, default=0.0, help="instances in service, average over the month")
    parser.add_argument("--instance-type", default="t3.medium", help="any; one without a price needs --instance-price")
    parser.add_argument("--instance-price", type=_amount, default=0.0, help="USD an hour on demand, for other types")
    parser.add_argument("--spot-discount", type=_share, default=0.0, help="0.65 = spot costs 35 %% of on demand")
    parser.add_argument("--disk-gb", type=_amount, default=30.0)
    parser.add_argument("--public-addresses", action="store_true")
    parser.add_argument("--hooks", type=_amount, default=0.0, help="job events a day, three or four for each job")
    parser.add_argument("--sweeps-an-hour", type=_amount, default=60.0, help="lambda.rate; 0 = off")
    parser.add_argument("--vends", type=_amount, default=0.0, help="requests for credentials a day")
    parser.add_argument("--credentials", action="store_true", help="the credential vendor is there, used or not")
    parser.add_argument("--webhook", action="store_true", help="there is a URL for webhooks, as with --hooks")
    parser.add_argument("--all-alarms", action="store_true", help="the operational alarms of everything that is there")
    parser.add_argument("--alarms", type=_count, default=0, help="other alarms")
    parser.add_argument("--actuator", choices=["lambda", "alarms"], default="lambda", help="who changes the capacity")
    parser.add_argument("--dashboard", action="store_true")
    parser.add_argument("--tracing", action="store_true")
    return parser


def _amount(text: str) -> float:
    number = _number(text)
    if not 0 <= number < 1e9:  # noqa: PLR2004 - more than any fleet
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and a billion")
    return number


def _count(text: str) -> int:
    number = _amount(text)
    if number != int(number):
        raise argparse.ArgumentTypeError(f"{text} is not a whole number")
    return int(number)


def _share(text: str) -> float:
    number = _number(text)
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a share: 0 or more, below 1")
    return number


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a number") from None


if __name__ == "__main__":
    sys.exit(main())
