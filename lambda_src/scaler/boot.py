"""Measure how long instances take from being asked for until they are in service, and which never get there. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scaler.capacity import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scaler.capacity import Instance

# Taken for the boot time until it has been measured.
DEFAULT_SECONDS = 120.0
MIN_SECONDS = 10.0
MAX_SECONDS = 900.0
SAMPLES = 15
# So few measurements may be chance.
_MIN_SAMPLES = 3


@dataclass(frozen=True)
class Boots:
    """What is known of booting.

    Attributes:
        seconds: the newest measurements, oldest first.
        booting: since when each instance boots, by id.
        failures: how many instances in a row have never reached service.
        failed_at: when the last one of them was found.
    """

    seconds: tuple[float, ...] = ()
    booting: Mapping[str, float] = field(default_factory=dict)
    failures: int = 0
    failed_at: float = 0.0


def boot_seconds(boots: Boots) -> float:
    """Return how long an instance takes until it is in service: the median of what was measured."""
    if len(boots.seconds) < _MIN_SAMPLES:
        return DEFAULT_SECONDS
    return min(max(sorted(boots.seconds)[len(boots.seconds) // 2], MIN_SECONDS), MAX_SECONDS)


def follow(boots: Boots, instances: Iterable[Instance], now: float, last_at: float) -> Boots:
    """Return what is known after one more look at the group.

    Args:
        boots: what was known.
        instances: the instances of the group.
        now: epoch seconds.
        last_at: when the group was last looked at, 0 = never; what was asked for then has been booting since.
    """
    phases = {instance.id: instance.phase for instance in instances}
    began = min(now, last_at or now)
    booting = {key: boots.booting.get(key, began) for key, phase in phases.items() if phase is Phase.BOOTING}
    ended = {key: since for key, since in boots.booting.items() if key not in booting}
    # Standby is reached through service alone.
    served = [since for key, since in ended.items() if phases.get(key) in {Phase.IN_SERVICE, Phase.STANDBY, Phase.WARM}]
    failed = len(ended) - len(served)
    # It reached service at some time since the last look, in the middle on average.
    reached_at = (now + began) / 2
    measured = (*boots.seconds, *(reached_at - since for since in served if reached_at > since))
    return Boots(
        seconds=measured[-SAMPLES:],
        booting=booting,
        failures=0 if served else boots.failures + failed,
        failed_at=now if failed else boots.failed_at,
    )
