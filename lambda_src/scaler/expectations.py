"""How long a job is expected to take: what its name has taken, drawn towards what its project's names take. Pure.

What was seen once may have been an exception, and a new name is probably like the others of its project. So the names
of a project are taken for draws from one distribution, and a name's mean for a weighing of its own jobs against it:
the more of them were seen, the less the others count. A name that was never seen is expected to be any of them; in a
project of which next to nothing is known, it is not expected to be anything.

Durations are log-normal, so all of it is about their logarithms: https://en.wikipedia.org/wiki/Empirical_Bayes_method.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from scaler.history import MIN_SHARE, project_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scaler.history import Duration, History

# One name is no sample of a project.
MIN_NAMES = 2
# Until enough names of a project are known, they are taken to differ as much as those of GitLab's own pipelines do.
COMMON_DIFFERENCE = 0.5
_COMMON_WEIGHT = 2
# A moving average says no more than so many observations.
_MOST_SEEN = 2 / MIN_SHARE - 1
_LEAST_DIFFERENCE = 0.05
# Rounded to a hundredth, so that what was computed for a duration is soon found again.
_DIGITS = 2


class Expected(NamedTuple):
    """What is expected of a job: mean and standard deviation of its seconds' logarithm, all uncertainty included."""

    log_mean: float
    log_spread: float


class _Usual(NamedTuple):
    """What the names of a project have in common.

    Attributes:
        mean: of the names' means.
        difference: variance of the names' means.
        spread: variance of one name's jobs.
        of_mean: variance of `mean` itself.
    """

    mean: float
    difference: float
    spread: float
    of_mean: float


class Expectations:
    """What is expected of each name, computed when it is asked for."""

    def __init__(self, history: History) -> None:
        """Expect what was learnt.

        Args:
            history: durations by name.
        """
        self._history = history
        self._expected: dict[int, Expected | None] = {}
        self._projects: dict[int, list[Duration]] | None = None
        self._usual: dict[int, _Usual | None] = {}

    def of(self, name: int) -> Expected | None:
        """Return what is expected of a job of this name, None = nothing."""
        if name not in self._expected:
            self._expected[name] = _weighed(self._history.get(name), self._usual_in(project_of(name)))
        return self._expected[name]

    def _usual_in(self, project: int) -> _Usual | None:
        if project not in self._usual:
            self._usual[project] = _usual(self._of_project(project))
        return self._usual[project]

    def _of_project(self, project: int) -> Sequence[Duration]:
        if self._projects is None:
            self._projects = {}
            for name, known in self._history.items():
                self._projects.setdefault(project_of(name), []).append(known)
        return self._projects.get(project, ())


def _weighed(own: Duration | None, usual: _Usual | None) -> Expected | None:
    """Weigh what is known of a name against what is usual in its project."""
    if own is None:
        return usual and _expected(usual.mean, usual.difference + usual.of_mean + usual.spread)
    of_own_mean = _variance_of_mean(own)
    if usual is None:
        return _expected(own.log_mean, own.log_spread**2 + of_own_mean)
    share = usual.difference / (usual.difference + of_own_mean)
    mean = usual.mean + share * (own.log_mean - usual.mean)
    return _expected(mean, own.log_spread**2 + share * of_own_mean)


def _usual(names: Sequence[Duration]) -> _Usual | None:
    number = len(names)
    if number < MIN_NAMES:
        return None
    mean = sum(name.log_mean for name in names) / number
    # The means would differ somewhat even if the names did not.
    apart = sum((name.log_mean - mean) ** 2 - _variance_of_mean(name) for name in names)
    difference = (apart + _COMMON_WEIGHT * COMMON_DIFFERENCE) / (number - 1 + _COMMON_WEIGHT)
    difference = max(difference, _LEAST_DIFFERENCE)
    return _Usual(mean, difference, _mean(name.log_spread**2 for name in names), difference / number)


def _variance_of_mean(name: Duration) -> float:
    """Return how uncertain a name's mean is."""
    return name.log_spread**2 / min(name.seen, _MOST_SEEN)


def _expected(mean: float, variance: float) -> Expected:
    return Expected(round(mean, _DIGITS), round(math.sqrt(variance), _DIGITS))


def _mean(values: Iterable[float]) -> float:
    listed = tuple(values)
    return sum(listed) / len(listed)
