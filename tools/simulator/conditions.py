"""What was simulated, and where: without it, figures cannot be compared or repeated."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tools.simulator.generator import Options
    from tools.simulator.setup import Setup
    from tools.simulator.workload import Workload


@dataclass(frozen=True)
class Conditions:
    """What holds for every policy of a comparison.

    Attributes:
        workload: the jobs.
        setup: the world.
        generated: what the jobs were generated from; None = they were read from a file.
        instance_type: whose price is taken; "" = none is.
        hourly_price: of an instance, in USD; 0 = none is taken.
    """

    workload: Workload
    setup: Setup
    generated: Options | None = None
    instance_type: str = ""
    hourly_price: float = 0.0

    def document(self) -> dict[str, Any]:
        """Return it for JSON; the names of all figures end in their units."""
        return {
            "workload": {
                "name": self.workload.name,
                "jobs": len(self.workload.jobs),
                "pipelines": sum(1 for _ in self.workload.pipelines()),
                "projects": len({job.project for job in self.workload.jobs}),
                "busy_hours": round(self.workload.busy_seconds / 3600, 3),
                "last_created_seconds": round(self.workload.last_created, 3),
                "generated": asdict(self.generated) if self.generated else None,
            },
            "setup": asdict(self.setup) | {"runner_tags": sorted(self.setup.runner_tags)},
            "price": {"instance_type": self.instance_type or None, "usd_per_instance_hour": self.hourly_price or None},
        }

    def rows(self) -> list[tuple[str, str]]:
        """Return it as names and values."""
        return [line for part, values in self.document().items() for line in _lines(part, values)]


def _lines(name: str, value: object) -> list[tuple[str, str]]:
    """Return a value by its name, the parts of one that has some by names of their own; nothing for none."""
    if isinstance(value, dict):
        return [line for key, part in value.items() for line in _lines(f"{name} {key}", part)]
    if value in (None, []):
        return []
    return [(name, f"{value:g}" if isinstance(value, float) else str(value))]
