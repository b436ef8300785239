"""Find the cheapest settings that keep a promise to those who wait, and say them in Terraform's words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.simulator import compare
from tools.simulator.policies.registry import Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tools.simulator.record import Result
    from tools.simulator.setup import Setup
    from tools.simulator.workload import Workload

IDLE_SECONDS = (60, 150, 300, 600, 1200, 1800)
BUFFERS = (0, 1, 2, 3, 5, 8, 12, 20, 30, 50)
# A fleet of tomorrow may need more than this one did.
_ROOM = 1.25
_INSTANCE_TYPE = "t3.large"


class AdviceError(Exception):
    """No setting that was tried keeps the promise; the message says how close one came."""


@dataclass(frozen=True)
class Target:
    """At most this share of the jobs waits longer than so many seconds."""

    seconds: float
    share: float

    def is_met(self, result: Result) -> bool:
        """Tell whether a result keeps the promise, without a job killed or left over."""
        return result.share_over(self.seconds) <= self.share and not (
            result.killed or result.unfinished or result.given_up
        )


@dataclass(frozen=True)
class Advice:
    """The cheapest settings, and what they gave."""

    spec: Spec
    result: Result
    tried: int


def advise(workload: Workload, setup: Setup, target: Target, tell: Callable[[str], None] = lambda _: None) -> Advice:
    """Return the cheapest settings of this project's scaler that meet a target.

    Args:
        workload: the jobs.
        setup: the world.
        target: the promise.
        tell: hears of each setting that was tried.

    Raises:
        AdviceError: none meets it.
    """
    tried: list[Advice] = []
    for buffers in families():
        for spec in buffers:
            result = compare.run(spec, workload, setup)
            tried.append(Advice(spec, result, len(tried) + 1))
            tell(f"{spec.label}: {100 * result.share_over(target.seconds):.1f} %, {result.instance_hours:.0f} h")
            if target.is_met(result):
                # More of the buffer would meet it, too, and cost more.
                break
    met = [advice for advice in tried if target.is_met(advice.result)]
    if not met:
        closest = min(tried, key=lambda advice: advice.result.share_over(target.seconds))
        share = 100 * closest.result.share_over(target.seconds)
        raise AdviceError(
            f"no setting keeps it; {closest.spec.label} comes closest with {share:.1f} % of the jobs waiting longer"
            f" than {target.seconds:g} s: allow more, or have instances boot faster"
        )
    best = min(met, key=lambda advice: advice.result.instance_hours)
    return Advice(best.spec, best.result, len(tried))


def families() -> Iterator[list[Spec]]:
    """Yield settings that differ in their buffer only, the smallest first."""
    for mode in ("pipeline", "off"):
        for idle in IDLE_SECONDS:
            fixed = (("idle", idle), ("look_ahead", mode))
            yield [Spec("product", (*fixed, ("buffer", buffer))) for buffer in BUFFERS]
            yield [Spec("product", (*fixed, ("buffer", "auto")))]


def terraform(advice: Advice, setup: Setup, source: str, instance_type: str = "") -> str:
    """Return the settings as a root module that plans once its variables are given."""
    chosen = dict(advice.spec.parameters)
    largest = min(setup.maximum, max(math.ceil(advice.result.peak * _ROOM), setup.minimum, 1))
    names = ("gitlab_api_token_ssm_path", "gitlab_runner_token_ssm_path", "gitlab_url", "webhook_secret_ssm_path")
    lines = [f'variable "{name}" {{\n  type = string\n}}\n' for name in names]
    lines.append('variable "subnet_ids" {\n  type = list(string)\n}\n')
    lines += [
        'module "fleet" {',
        f'  source = "{source}"',
        "",
        "  asg = {",
        f'    instance_type = "{instance_type or _INSTANCE_TYPE}"',
        f"    max_size      = {largest}",
        f"    min_size      = {setup.minimum}",
        "    subnet_ids    = var.subnet_ids",
        "  }",
        "  gitlab = {",
        "    api_token_ssm_path         = var.gitlab_api_token_ssm_path",
        f"    runner_agents_per_instance = {setup.slots}",
        f'    runner_idletime            = "{float(chosen["idle"]) / 60:g}"',
        "    runner_token_ssm_path      = var.gitlab_runner_token_ssm_path",
        "    uri                        = var.gitlab_url",
        "    webhook_secret_ssm_path    = var.webhook_secret_ssm_path",
        "  }",
        "  lambda = {",
        "    allow_function_url = true",
        "  }",
        "  scaling = {",
        f'    idle_buffer = "{chosen["buffer"]}"',
        f'    look_ahead  = "{chosen["look_ahead"]}"',
        "  }",
        "}",
    ]
    return "\n".join(lines) + "\n"
