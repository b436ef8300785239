"""Generate GitLab pipelines: projects with jobs of their own, stages, needs, day and night, bursts, failures, retries.

The defaults are fitted to published figures of GitLab's own pipelines: about 40 jobs a pipeline, durations with a
median of 6.8, a mean of 10.2, a 95th percentile of 29 and a maximum of 114 minutes. A log-normal with sigma 0.895 has
them all within 3 %; 0.5 of it is the variation of a job around its usual duration, the rest that of one name against
another. What is drawn once for a project weighs much, so it is stratified: the usual durations of a project's names
are spread over the whole distribution, and the sizes of projects around the mean, so that every seed fits.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, replace
from random import Random
from statistics import NormalDist
from typing import TYPE_CHECKING

from tools.simulator.checks import ValueRangeError, not_negative, positive, share
from tools.simulator.workload import Job, When, Workload, checked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DAY = 86_400.0
MEDIAN_SECONDS = 6.8 * 60
MAX_SECONDS = 114 * 60.0
MIN_SECONDS = 5.0
CANCELLED_WITHIN_SECONDS = 120.0
NAMES_SIGMA = math.sqrt(0.895**2 - 0.5**2)
# Share of a pipeline's jobs by stage, for as many stages as a project has: prepare, build, test and so on.
_SHAPES = {
    3: (0.15, 0.65, 0.20),
    4: (0.08, 0.22, 0.55, 0.15),
    5: (0.05, 0.15, 0.50, 0.20, 0.10),
    6: (0.05, 0.12, 0.43, 0.22, 0.12, 0.06),
}
# The hour of least and most work, as a share of the mean.
_NOON = 14 * 3600.0


@dataclass(frozen=True)
class Options:
    """What to generate.

    Attributes:
        projects: how many projects.
        pipelines_per_day: of all projects together, on average.
        days: how long.
        jobs: of a pipeline, on average.
        sigma: by how much a job's duration varies around its usual one (of the logarithm).
        stage_failures: share of stages in which a job fails, so that the rest never comes.
        retries: share of jobs that fail once and are retried.
        needs: share of projects whose jobs name what they need instead of waiting for whole stages.
        manual: share of jobs of later stages that wait for a person, who starts none of them.
        night: how quiet it is at night: 0 = as in the daytime, 1 = nothing happens.
        bursts: share of pipelines that come with others, as merges and schedules make them.
        burst_size: how many pipelines a burst has on average.
        cancelled: share of pipelines that somebody cancels within two minutes of their start.
        on_failure: jobs that come only after a failure, in a last stage of their own, as a share of the others.
        seed: of everything that is drawn.
    """

    projects: int = 6
    pipelines_per_day: float = 150.0
    days: float = 2.0
    jobs: float = 40.0
    sigma: float = 0.5
    stage_failures: float = 0.1
    retries: float = 0.02
    needs: float = 0.34
    manual: float = 0.03
    night: float = 0.85
    bursts: float = 0.3
    burst_size: float = 4.0
    cancelled: float = 0.0
    on_failure: float = 0.0
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be generated.

        Raises:
            ValueRangeError: a number is impossible.
        """
        positive({"projects": self.projects, "days": self.days, "jobs": self.jobs})
        positive({"pipelines-per-day": self.pipelines_per_day})
        not_negative({"sigma": self.sigma, "on-failure": self.on_failure})
        share({"stage-failures": self.stage_failures, "retries": self.retries, "needs": self.needs})
        share({"manual": self.manual, "night": self.night, "bursts": self.bursts, "cancelled": self.cancelled})
        if not 1 <= self.burst_size < math.inf:
            raise ValueRangeError(f"burst-size {self.burst_size:g}: 1 or more is expected")


@dataclass(frozen=True)
class Template:
    """A job as a project's configuration describes it."""

    name: str
    stage: int
    seconds: float
    needs: tuple[int, ...] | None
    is_manual: bool


def generate(options: Options, name: str = "generated") -> Workload:
    """Return generated pipelines, in the order of their creation."""
    random = Random(f"{options.seed} pipelines")  # noqa: S311 - test data, no secrets
    # A few projects are busy, many are not.
    weights = [1 / (place + 1) for place in range(options.projects)]
    projects = [
        templates(options, random, project, total) for project, total in enumerate(sizes(options, random, weights))
    ]
    cancellations = Random(f"{options.seed} cancellations")  # noqa: S311 - as above
    jobs: list[Job] = []
    for pipeline, at in enumerate(sorted(arrivals(options, random))):
        project = random.choices(range(options.projects), weights)[0]
        place = Place(len(jobs), at, project, pipeline, _cancelled_at(options, cancellations, at))
        jobs += instantiate(options, random, projects[project], place)
        jobs += clean_up(options, len(projects[project]), replace(place, first=len(jobs)))
    return checked(name, jobs)


def _cancelled_at(options: Options, random: Random, at: float) -> float:
    # Both are always drawn, so that the pipelines of a smaller share are among those of a larger one.
    share, delay = random.random(), random.uniform(0, CANCELLED_WITHIN_SECONDS)
    return at + delay if share < options.cancelled else math.inf


def arrivals(options: Options, random: Random) -> Iterator[float]:
    """Yield when pipelines are created: a Poisson process that follows the day, some of it in bursts."""
    end = options.days * DAY
    peak = options.pipelines_per_day / DAY * (1 + options.night)
    singles = 1 - options.bursts + options.bursts / options.burst_size
    at = 0.0
    while (at := at + random.expovariate(peak * singles)) < end:
        if random.random() * (1 + options.night) > activity(at, options.night):
            continue
        yield at
        # Of the events, those that begin a burst.
        if random.random() < options.bursts / options.burst_size / singles:
            size = 1 + int(random.expovariate(1 / max(options.burst_size - 1, 1e-9)) + 0.5)
            yield from (at + random.uniform(0, 20) for _ in range(size - 1))


def activity(at: float, night: float) -> float:
    """Return how busy a moment is, 1 on average."""
    return 1 + night * math.cos((at - _NOON) / DAY * 2 * math.pi)


def sizes(options: Options, random: Random, weights: Sequence[float]) -> list[float]:
    """Return how many jobs each project's pipelines have: around the mean, which they have by their weights."""
    drawn = [max(0.1, 1 + value / 4) for value in stratified(random, len(weights))]
    mean = sum(map(operator.mul, drawn, weights)) / sum(weights)
    return [options.jobs * size / mean for size in drawn]


def stratified(random: Random, count: int) -> list[float]:
    """Return normally distributed numbers, one from each of as many equally likely ranges, in any order."""
    drawn = [NormalDist().inv_cdf((place + random.uniform(0.25, 0.75)) / count) for place in range(count)]
    random.shuffle(drawn)
    return drawn


def templates(options: Options, random: Random, project: int, total: float) -> list[Template]:
    """Return the jobs of a project's pipelines, about `total`."""
    shape = _SHAPES[random.choice(tuple(_SHAPES))]
    numbers = [max(1, round(total * share)) for share in shape]
    usual = iter(stratified(random, sum(numbers)))
    has_needs = random.random() < options.needs
    made: list[Template] = []
    previous: range = range(0)
    for stage, number in enumerate(numbers):
        start = len(made)
        for _ in range(number):
            seconds = MEDIAN_SECONDS * math.exp(NAMES_SIGMA * next(usual))
            needs = _needs(random, previous) if has_needs else None
            is_manual = stage == len(shape) - 1 and random.random() < options.manual * len(shape)
            made.append(Template(f"project-{project} job-{len(made)}", stage, seconds, needs, is_manual))
        previous = range(start, len(made))
    return made


def _needs(random: Random, previous: range) -> tuple[int, ...]:
    """Return one to three jobs of the stage before."""
    return tuple(sorted(random.sample(previous, min(len(previous), random.randint(1, 3)))))


@dataclass(frozen=True)
class Place:
    """Where a pipeline stands in the workload: its first job, creation, project and number; when it is cancelled."""

    first: int
    at: float
    project: int
    pipeline: int
    cancelled_at: float


def instantiate(options: Options, random: Random, made: list[Template], place: Place) -> Iterator[Job]:
    """Yield the jobs of one pipeline."""
    stages = {template.stage for template in made}
    failing = {
        random.choice([number for number, template in enumerate(made) if template.stage == stage])
        for stage in sorted(stages)
        if random.random() < options.stage_failures
    }
    for number, template in enumerate(made):
        seconds = template.seconds * math.exp(random.gauss(0, options.sigma))
        yield Job(
            number=place.first + number,
            created=place.at,
            duration=min(max(seconds, MIN_SECONDS), MAX_SECONDS),
            project=place.project,
            pipeline=place.pipeline,
            stage=template.stage,
            name=template.name,
            needs=None if template.needs is None else tuple(place.first + need for need in template.needs),
            when=When.MANUAL if template.is_manual else When.ON_SUCCESS,
            fails=number in failing,
            runs=2 if random.random() < options.retries else 1,
            cancelled_at=place.cancelled_at,
        )


def clean_up(options: Options, others: int, place: Place) -> Iterator[Job]:
    """Yield the jobs of a pipeline that come only after a failure; they change nothing of what else is drawn."""
    usual = Random(f"{options.seed} clean-up of {place.project}")  # noqa: S311 - as above
    varied = Random(f"{options.seed} clean-up in {place.pipeline}")  # noqa: S311 - as above
    for number in range(round(options.on_failure * others)):
        seconds = MEDIAN_SECONDS * math.exp(usual.gauss(0, NAMES_SIGMA) + varied.gauss(0, options.sigma))
        yield Job(
            number=place.first + number,
            created=place.at,
            duration=min(max(seconds, MIN_SECONDS), MAX_SECONDS),
            project=place.project,
            pipeline=place.pipeline,
            stage=max(_SHAPES),
            name=f"project-{place.project} clean-up-{number}",
            when=When.ON_FAILURE,
            cancelled_at=place.cancelled_at,
        )
