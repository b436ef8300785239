"""Section `scaling`: what a decision costs the scaler, and what its decisions are worth, by simulation.

How long a webhook takes to become capacity is measured end to end, by ``make demo``. In the environment:
``PART=plan,look-ahead`` measures some parts only, ``JOBS=2`` says how many processes work, ``TRACES=folder`` adds the
binary traces in it, ``SEEDS=1,2,3`` generates several workloads, and ``IMAGES=docs/images`` writes the plots of
docs/tuning.md there.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tools.bench.simulated import parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.bench.figure import Figure


def measure() -> Iterator[Figure]:
    """Measure the parts that are asked for, and say on standard error how far it is."""
    return parts.measure(os.environ)
