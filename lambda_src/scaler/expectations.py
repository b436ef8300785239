"""How long a job is expected to take: what its name has taken, drawn towards what its project's names take. Pure.

What was seen once may have been an exception, and a new name is probably like the others of its project. So the names
of a project are taken for draws from one distribution, and a name's mean for a weighing of its own jobs against it:
the more of them were seen, the less the others count. A name that was never seen is expected to be any of them; in a
project of which next to nothing is known, it is not expected to be anything.

Durations are log-normal, so all of it is about their logarithms: https://en.wikipedia.org/wiki/Empirical_Bayes_method.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from scaler.history import MIN_SHARE, project_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

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


@dataclass
class _Project:
    """A project's names: what they have in common, and what is expected of each that was asked for."""

    usual: _Usual | None
    expected: dict[int, Expected | None] = field(default_factory=dict)


class Expectations:
    """What is expected of each name, computed when it is asked for."""

    def __init__(self, history: History) -> None:
        """Expect what was learnt.

        Args:
            history: durations by name.
        """
        self._history = history
        self._projects: dict[int, _Project] = {}

    def after(self, history: History, learnt: Iterable[int]) -> Expectations:
        """Return what is expected once more of some names was learnt; it changes nothing in other projects."""
        later = Expectations(history)
        later._durations, later._projects = dict(self._durations), dict(self._projects)
        for name in learnt:
            project = project_of(name)
            names = (*later._durations.get(project, ()), name)
            later._durations[project] = {each: history[each] for each in names if each in history}
            later._projects.pop(project, None)
        return later

    def of(self, name: int) -> Expected | None:
        """Return what is expected of a job of this name, None = nothing."""
        project = self._project(project_of(name))
        if name not in project.expected:
            project.expected[name] = _weighed(self._history.get(name), project.usual)
        return project.expected[name]

    def _project(self, number: int) -> _Project:
        if number not in self._projects:
            self._projects[number] = _Project(_usual(self._durations.get(number, {}).values()))
        return self._projects[number]

    @cached_property
    def _durations(self) -> dict[int, dict[int, Duration]]:
        """Durations by project."""
        projects: defaultdict[int, dict[int, Duration]] = defaultdict(dict)
        for name, known in self._history.items():
            projects[project_of(name)][name] = known
        return projects


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


def _usual(names: Collection[Duration]) -> _Usual | None:
    number = len(names)
    if number < MIN_NAMES:
        return None
    means = [name.log_mean for name in names]
    # Exact sums, so that the order in which names were learnt does not matter.
    mean = math.fsum(means) / number
    # The means would differ somewhat even if the names did not.
    apart = math.fsum([(one - mean) ** 2 for one in means]) - math.fsum(map(_variance_of_mean, names))
    difference = (apart + _COMMON_WEIGHT * COMMON_DIFFERENCE) / (number - 1 + _COMMON_WEIGHT)
    difference = max(difference, _LEAST_DIFFERENCE)
    return _Usual(mean, difference, math.fsum([name.log_spread**2 for name in names]) / number, difference / number)


def _variance_of_mean(name: Duration) -> float:
    """Return how uncertain a name's mean is."""
    return name.log_spread**2 / min(name.seen, _MOST_SEEN)


def _expected(mean: float, variance: float) -> Expected:
    return Expected(round(mean, _DIGITS), round(math.sqrt(variance), _DIGITS))
