"""The world that a policy works in: machines, runners and their troubles."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from tools.simulator.checks import ValueRangeError, not_negative, positive, share

if TYPE_CHECKING:
    from random import Random


class Dispatch(StrEnum):
    """Which of the runners with a free slot takes the next job.

    GitLab gives a job to whichever runner asks first, and runners ask at times of their own: that is a random one.
    The other two bound what the choice could bring.
    """

    RANDOM = "random"
    PACKED = "packed"
    SPREAD = "spread"


@dataclass(frozen=True)
class Boot:
    """How long it takes from the launch of an instance until it takes jobs: log-normal around a median.

    Attributes:
        seconds: the median.
        sigma: of the logarithm; 0 = always the same.
    """

    seconds: float = 120.0
    sigma: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no instance can do.

        Raises:
            ValueRangeError: a number is impossible.
        """
        not_negative({"boot": self.seconds, "boot-sigma": self.sigma})

    def draw(self, random: Random) -> float:
        """Return the boot time of one instance."""
        return self.seconds * math.exp(random.gauss(0, self.sigma)) if self.sigma else self.seconds


@dataclass(frozen=True)
class Setup:
    """Where the simulation takes place.

    Attributes:
        slots: jobs that one instance runs at a time.
        boot: launch to readiness.
        launch_failures: share of launches that fail; the group tries again after a minute.
        interruptions_per_hour: spot interruptions of an instance; announced two minutes ahead.
        poll_seconds: how often a runner with a free slot asks for a job; 0 = it is told at once.
        dispatch: which runner takes a job.
        drain_seconds: an instance that leaves may finish its jobs for so long.
        shutdown_seconds: how long an instance is still paid for after its last job.
        least_paid_seconds: an instance is paid for that long at least; Amazon EC2 takes a minute.
        runner_tags: tags of the fleet's runner; jobs with others run elsewhere.
        run_untagged: whether it takes jobs without tags.
        seed: of everything that is drawn.
        patience_seconds: a simulation ends so long after the last job was created, whatever is left.
    """

    slots: int = 1
    boot: Boot = field(default_factory=Boot)
    minimum: int = 0
    maximum: int = 1000
    launch_failures: float = 0.0
    interruptions_per_hour: float = 0.0
    poll_seconds: float = 0.0
    dispatch: Dispatch = Dispatch.RANDOM
    drain_seconds: float = 600.0
    shutdown_seconds: float = 0.0
    least_paid_seconds: float = 0.0
    runner_tags: frozenset[str] = frozenset()
    run_untagged: bool = True
    seed: int = 1
    patience_seconds: float = 7 * 86_400.0

    def __post_init__(self) -> None:
        """Refuse a world that cannot be.

        Raises:
            ValueRangeError: a number is impossible, or two do not fit together.
        """
        positive({"slots": self.slots, "maximum": self.maximum, "patience": self.patience_seconds})
        not_negative(
            {
                "minimum": self.minimum,
                "interruptions": self.interruptions_per_hour,
                "poll": self.poll_seconds,
                "drain": self.drain_seconds,
                "shutdown": self.shutdown_seconds,
                "least-paid": self.least_paid_seconds,
            }
        )
        share({"launch-failures": self.launch_failures}, can_be_all=False)
        if self.minimum > self.maximum:
            raise ValueRangeError(f"minimum {self.minimum}: it is more than the maximum of {self.maximum}")

    def takes(self, tags: frozenset[str]) -> bool:
        """Tell whether the fleet's runner takes a job with these tags."""
        return tags <= self.runner_tags if tags else self.run_untagged
