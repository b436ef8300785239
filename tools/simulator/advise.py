"""Find the cheapest settings that keep a promise to those who wait, and say them in Terraform's words."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tools.simulator import compare, words
from tools.simulator.checks import not_negative, share
from tools.simulator.policies.product import AUTO, OFF, PIPELINE
from tools.simulator.policies.registry import Spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.simulator.record import Result
    from tools.simulator.setup import Setup
    from tools.simulator.workload import Workload

MODULE = Path(__file__).resolve().parents[2] / "terraform"
MODES = (PIPELINE, OFF)
IDLE_SECONDS = (60, 150, 300, 600, 1200, 1800)
# What lies between the last that is too small and the first that is enough is searched.
BUFFERS = (1, 2, 4, 8, 16, 32, 64)
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

    def __post_init__(self) -> None:
        """Refuse a promise that says nothing.

        Raises:
            ValueRangeError: a number is impossible.
        """
        not_negative({"wait": self.seconds})
        share({"share": self.share}, can_be_all=False)

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
    search = _Search(workload, setup, target, tell)
    for mode in MODES:
        for idle in IDLE_SECONDS:
            search.buffers(mode, idle)
    if search.best is None:
        closest = min(search.tried, key=lambda advice: advice.result.share_over(target.seconds))
        over = 100 * closest.result.share_over(target.seconds)
        raise AdviceError(
            f"no setting keeps it; {closest.spec.label} comes closest with {over:.1f} % of the jobs waiting longer"
            f" than {target.seconds:g} s: allow more, or have instances boot faster"
        )
    return replace(search.best, tried=len(search.tried))


@dataclass
class _Search:
    """Tries settings, and leaves out what costs more than one that keeps the promise.

    Attributes:
        tried: each setting.
        best: the cheapest that keeps the promise.
    """

    workload: Workload
    setup: Setup
    target: Target
    tell: Callable[[str], None]
    tried: list[Advice] = field(init=False, default_factory=list)
    best: Advice | None = field(init=False, default=None)

    def buffers(self, mode: str, idle: int) -> None:
        """Find the smallest buffer that keeps the promise, unless it would cost more than the best setting so far."""
        smallest = self._try(mode, idle, 0)
        if self.target.is_met(smallest) or self._is_too_dear(smallest):
            return
        self._try(mode, idle, AUTO)
        low = 0
        for high in self._sizes(smallest):
            result = self._try(mode, idle, high)
            if self.target.is_met(result):
                self._between(mode, idle, low, high)
                return
            if self._is_too_dear(result):
                return
            low = high

    def _sizes(self, smallest: Result) -> list[int]:
        """Return the buffers to try, without those that are surely affordable, apart from the largest of them."""
        affordable = 0.0
        if self.best is not None:
            # An instance is paid for all the time at most.
            spared = self.best.result.instance_seconds - smallest.instance_seconds
            affordable = spared / smallest.seconds
        first = max((size for size in BUFFERS if size <= affordable), default=0)
        return [size for size in BUFFERS if first <= size <= self.setup.maximum]

    def _between(self, mode: str, idle: int, low: int, high: int) -> None:
        """Search between a buffer that does not keep the promise and one that does."""
        while high - low > 1:
            middle = (low + high) // 2
            result = self._try(mode, idle, middle)
            is_met = self.target.is_met(result)
            if self._is_too_dear(result) and not is_met:
                return
            low, high = (low, middle) if is_met else (middle, high)

    def _try(self, mode: str, idle: int, buffer: int | str) -> Result:
        spec = Spec("product", (("idle", idle), ("look_ahead", mode), ("buffer", buffer)))
        result = compare.run(spec, self.workload, self.setup)
        self.tried.append(Advice(spec, result, len(self.tried) + 1))
        over, hours = 100 * result.share_over(self.target.seconds), words.amount(result.instance_hours)
        self.tell(f"{spec.label}: {over:.1f} %, {hours} h")
        if self.target.is_met(result) and not self._is_too_dear(result):
            self.best = self.tried[-1]
        return result

    def _is_too_dear(self, result: Result) -> bool:
        """Tell whether it costs more than the best, or is it; a larger buffer or idle time would cost more still."""
        return self.best is not None and result.instance_hours >= self.best.result.instance_hours


def source_from(folder: Path, module: Path = MODULE) -> str:
    """Return the module's source as a root module in a folder has to name it."""
    relative = Path(os.path.relpath(module, folder.resolve())).as_posix()
    return relative if relative.startswith("..") else f"./{relative}"


def changes(advice: Advice, setup: Setup) -> list[str]:
    """Return the inputs that the advice is about, a line each, for a module call that is there already."""
    return [f"{name} = {value}" for name, value in _settings(advice, setup).items()]


def _settings(advice: Advice, setup: Setup) -> dict[str, str]:
    """Return Terraform's values by the inputs' names."""
    chosen = dict(advice.spec.parameters)
    largest = min(setup.maximum, max(math.ceil(advice.result.peak * _ROOM), setup.minimum, 1))
    return {
        "asg.max_size": f"{largest}",
        "gitlab.runner_idletime": f'"{float(chosen["idle"]) / 60:g}"',
        "scaling.idle_buffer": f'"{chosen["buffer"]}"',
        "scaling.look_ahead": f'"{chosen["look_ahead"]}"',
    }


def terraform(advice: Advice, setup: Setup, source: str, instance_type: str = "") -> str:
    """Return the settings as a root module that plans once its variables are given."""
    chosen = _settings(advice, setup)
    names = ("gitlab_api_token_ssm_path", "gitlab_runner_token_ssm_path", "gitlab_url", "webhook_secret_ssm_path")
    lines = [f'variable "{name}" {{\n  type = string\n}}\n' for name in names]
    lines.append('variable "subnet_ids" {\n  type = list(string)\n}\n')
    lines += [
        'module "fleet" {',
        f'  source = "{source}"',
        "",
        "  asg = {",
        f'    instance_type = "{instance_type or _INSTANCE_TYPE}"',
        f"    max_size      = {chosen['asg.max_size']}",
        f"    min_size      = {setup.minimum}",
        "    subnet_ids    = var.subnet_ids",
        "  }",
        "  gitlab = {",
        "    api_token_ssm_path         = var.gitlab_api_token_ssm_path",
        f"    runner_agents_per_instance = {setup.slots}",
        f"    runner_idletime            = {chosen['gitlab.runner_idletime']}",
        "    runner_token_ssm_path      = var.gitlab_runner_token_ssm_path",
        "    uri                        = var.gitlab_url",
        "    webhook_secret_ssm_path    = var.webhook_secret_ssm_path",
        "  }",
        "  lambda = {",
        "    allow_function_url = true",
        "  }",
        "  scaling = {",
        f"    idle_buffer = {chosen['scaling.idle_buffer']}",
        f"    look_ahead  = {chosen['scaling.look_ahead']}",
        "  }",
        "}",
    ]
    return "\n".join(lines) + "\n"
