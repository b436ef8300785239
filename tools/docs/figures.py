"""Monthly costs in a README: "4.90 USD a month (`make cost`)" gets the figure that the command ends with."""

from __future__ import annotations

import io
import re
import shlex
from contextlib import redirect_stdout

from tools.cost.__main__ import main

FIGURE = re.compile(r"\d+\.\d\d(?P<rest>\s+USD\s+a\s+month\s+\(`(?P<command>make cost[^`]*)`\))")


def priced(text: str) -> str:
    """Return a text with today's figure before each command."""
    return FIGURE.sub(lambda found: f"{monthly(found['command'])}{found['rest']}", text)


def monthly(command: str) -> str:
    """Return the sum that a command such as ``make cost INSTANCES=3`` prints."""
    with redirect_stdout(io.StringIO()) as printed:
        main(arguments_of(command))
    return printed.getvalue().split()[-1]


def arguments_of(command: str) -> list[str]:
    """Return what `make cost` hands over to the calculator."""
    given = dict(word.split("=", 1) for word in shlex.split(command)[2:])
    options = shlex.split(given.pop("COST_OPTIONS", ""))
    return [f"--{name.lower().replace('_', '-')}={value}" for name, value in given.items()] + options
