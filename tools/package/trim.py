"""What is left out of the zips, rule by rule; docs/packaging.md shows the same table."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Rule:
    """Files of third-party distributions that are not shipped.

    Args:
        pattern: Matches names in the zip; `*` matches across folders.
        reason: Why nothing misses them.
    """

    pattern: str
    reason: str


_INSTALLER = "written by the installer, differs from pip to pip and from machine to machine"

RULES = (
    Rule("bin/*", "commands for a shell; their first line is the builder's own path"),
    Rule("*/tests/*", "a distribution's own tests"),
    Rule("*/py.typed", "tells type checkers something, nobody at run time"),
    Rule("*.dist-info/INSTALLER", _INSTALLER),
    Rule("*.dist-info/RECORD", _INSTALLER),
    Rule("*.dist-info/REQUESTED", _INSTALLER),
    Rule("*.dist-info/WHEEL", "names the wheel's platform, which makes the zips of two architectures differ"),
    Rule("*.dist-info/entry_points.txt", "declares commands and plug-ins that are not shipped"),
    Rule("*.dist-info/top_level.txt", "read by packaging tools only"),
    Rule(
        "aws_lambda_powertools/event_handler/*",
        "Powertools' routers for HTTP interfaces, with a web page for trying them",
    ),
    Rule(
        "aws_lambda_powertools/utilities/[!_j]*",
        "Powertools beside logs and metrics; those need its jmespath_utils only",
    ),
    Rule("charset_normalizer/*.so", "a compiled copy of the module beside it, which is imported in its stead"),
    Rule("charset_normalizer/cli/*", "a command"),
    Rule("gitlab/v4/cli.py", "the gitlab command"),
    Rule("urllib3/contrib/emscripten/*", "urllib3 in a browser"),
)


def kept(name: str, rules: Sequence[Rule] = RULES) -> bool:
    """Tell whether a file of a third-party distribution is shipped.

    Args:
        name: Its name in the zip.
        rules: What is left out.
    """
    return not any(fnmatchcase(name, rule.pattern) for rule in rules)
