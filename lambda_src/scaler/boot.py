"""Measure how long instances take from being asked for until they are in service, and which never get there. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scaler.capacity import Phase

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from scaler.capacity import Instance

# Taken for the boot time until it has been measured.
DEFAULT_SECONDS = 120.0
MIN_SECONDS = 10.0
MAX_SECONDS = 900.0
SAMPLES = 15
# So few measurements may be chance.
_MIN_SAMPLES = 3
# Standby and a warm pool are reached through service, or without a job at all.
_READY = frozenset({Phase.IN_SERVICE, Phase.STANDBY, Phase.WARM})


@dataclass(frozen=True)
class Boots:
    """What is known of booting.

    Attributes:
        seconds: the newest measurements, oldest first.
        booting: since when each instance boots, by id.
        failures: how many instances in a row have never reached service.
        failed_at: when the last one of them was found.
        excused: how many of those that boot may go without being a failure, because less is desired than was.
    """

    seconds: tuple[float, ...] = ()
    booting: Mapping[str, float] = field(default_factory=dict)
    failures: int = 0
    failed_at: float = 0.0
    excused: int = 0


@dataclass(frozen=True)
class Look:
    """A look at the group, and what was known before it.

    Attributes:
        at: when; all times are epoch seconds.
        last_at: when the group was last looked at, 0 = never; what was asked for then has been booting since.
        hook_at: when the newest hook came. The first job of an instance makes one when it starts.
        busy: ids of the instances that run jobs.
        served: ids of those that were in service at the last look.
        asked: how many instances the group did not have yet and had been asked for, after the last look.
        lowered: how many fewer instances are desired than were then.
        is_short_lived: whether instances go by themselves after some jobs.
    """

    at: float
    last_at: float
    hook_at: float = 0.0
    busy: Collection[str] = frozenset()
    served: Collection[str] = frozenset()
    asked: int = 0
    lowered: int = 0
    is_short_lived: bool = False

    @property
    def began_at(self) -> float:
        """Since when an instance boots that was not seen to boot before."""
        return min(self.at, self.last_at or self.at)

    def reached_at(self, instance_id: str) -> float:
        """Return when an instance came into service: some time since the last look, in the middle on average."""
        middle = (self.at + self.began_at) / 2
        # Most are seen for the first time because their first job has started.
        return max(middle, min(self.hook_at, self.at)) if instance_id in self.busy else middle


def boot_seconds(boots: Boots) -> float:
    """Return how long an instance takes until it is in service: the median of what was measured."""
    if len(boots.seconds) < _MIN_SAMPLES:
        return DEFAULT_SECONDS
    return min(max(sorted(boots.seconds)[len(boots.seconds) // 2], MIN_SECONDS), MAX_SECONDS)


def follow(boots: Boots, instances: Iterable[Instance], look: Look) -> Boots:
    """Return what is known after one more look at the group.

    Args:
        boots: what was known.
        instances: the instances of the group.
        look: when, and what was known before.
    """
    phases = {instance.id: instance.phase for instance in instances}
    booting = {key: boots.booting.get(key, look.began_at) for key, phase in phases.items() if phase is Phase.BOOTING}
    ended = {key: since for key, since in boots.booting.items() if key not in booting}
    served = {key: since for key, since in ended.items() if phases.get(key) in _READY}
    served |= dict.fromkeys(_unseen(boots, phases, look), look.began_at)
    gone = [since for key, since in ended.items() if key not in served]
    # Two looks of one invocation see the same change.
    excused = max(boots.excused, look.lowered)
    failed = max(0, sum(not _may_have_served(boots, since, look) for since in gone) - excused)
    spans = (look.reached_at(key) - since for key, since in served.items())
    return Boots(
        seconds=(*boots.seconds, *(span for span in spans if span > 0))[-SAMPLES:],
        booting=booting,
        failures=0 if served else boots.failures + failed,
        failed_at=look.at if failed else boots.failed_at,
        excused=min(len(booting), max(0, excused - len(gone))),
    )


def _unseen(boots: Boots, phases: Mapping[str, Phase], look: Look) -> Iterator[str]:
    """Yield the instances that were asked for at the last look and run a job at this one."""
    known = {*boots.booting, *look.served}
    new = (key for key, phase in phases.items() if phase is Phase.IN_SERVICE and key not in known)
    if look.last_at:
        yield from (key for key, _ in zip(new, range(look.asked), strict=False) if key in look.busy)


def _may_have_served(boots: Boots, since: float, look: Look) -> bool:
    """Return whether an instance that is gone may have served, and had its jobs, between two looks."""
    usual = boot_seconds(boots)
    was_blind = look.at - look.last_at >= MIN_SECONDS
    is_ripe = look.at - since >= usual / 2 and look.last_at - since <= 2 * usual
    return look.is_short_lived and was_blind and is_ripe
