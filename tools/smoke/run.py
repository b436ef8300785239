"""Run checks one after the other and show how they ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tools.smoke import doors, instances, pipeline, upkeep
from tools.smoke.model import FAILED, NOT_TRIED, OK, Check, FailedError, NotTriedError, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tools.smoke.fleet import Fleet

CHECKS = (*doors.CHECKS, *pipeline.CHECKS, *instances.CHECKS, *upkeep.CHECKS)
DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError")


def run(fleet: Fleet, checks: Iterable[Check], say: Callable[[str], None], *, changes: bool) -> list[Result]:
    """Run checks and tell each result as soon as it is known.

    Args:
        fleet: The fleet.
        checks: What to check.
        say: Shows one line.
        changes: Whether checks that change something are run.
    """
    results = []
    for check in checks:
        if check.is_change and not changes:
            result = Result(check.name, NOT_TRIED, "it changes something: only with CHANGE=1")
        else:
            result = outcome(fleet, check)
        say(line(result))
        results.append(result)
    return results


def outcome(fleet: Fleet, check: Check) -> Result:
    """Return how one check ended; what AWS does not let us see is not tried, anything else has failed."""
    try:
        return Result(check.name, OK, check.look(fleet))
    except FailedError as error:
        return Result(check.name, FAILED, str(error), error.advice)
    except NotTriedError as error:
        return Result(check.name, NOT_TRIED, str(error))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in DENIED:
            return Result(check.name, NOT_TRIED, f"your AWS identity may not look: {error}")
        return Result(check.name, FAILED, str(error), "run terraform plan: is the fleet as it was applied?")
    except (BotoCoreError, KeyError, IndexError, ValueError) as error:
        return Result(check.name, FAILED, f"{type(error).__name__}: {error}", "run terraform plan")


def line(result: Result) -> str:
    """Return a result in words, with what to do below."""
    shown = f"  {result.name:24} {result.status:10} {result.detail}"
    return f"{shown}\n{'':38}→ {result.advice}" if result.advice else shown


def summary(results: Sequence[Result]) -> str:
    """Return how many checks ended in which way."""
    counts = {status: sum(result.status == status for result in results) for status in (OK, FAILED, NOT_TRIED)}
    return ", ".join(f"{count} {status}" for status, count in counts.items())
