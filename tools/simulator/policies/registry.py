"""Policies by name, with their parameters: `product:idle=300,buffer=5`."""

from __future__ import annotations

import functools
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from tools.simulator.checks import ValueRangeError
from tools.simulator.policies.actions_runner_controller import ActionsRunnerController
from tools.simulator.policies.aws_samples import AwsSamples
from tools.simulator.policies.buildkite import Buildkite
from tools.simulator.policies.cancelling import Cancelling
from tools.simulator.policies.cmdlabs import Cmdlabs
from tools.simulator.policies.docker_machine import DockerMachine
from tools.simulator.policies.github_aws_runners import GithubAwsRunners
from tools.simulator.policies.oracle import Oracle, without_waits
from tools.simulator.policies.product import Product
from tools.simulator.policies.reactive import Reactive
from tools.simulator.policies.taskcluster import Taskcluster
from tools.simulator.policies.taskscaler_like import TaskscalerLike

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.simulator.policy import Policy
    from tools.simulator.setup import Setup
    from tools.simulator.workload import Workload

POLICIES: Mapping[str, Any] = {
    "product": Product,
    "cancelling": Cancelling,
    "reactive": Reactive,
    "oracle": Oracle,
    "cmdlabs": Cmdlabs,
    "aws-samples": AwsSamples,
    "buildkite": Buildkite,
    "github-aws-runners": GithubAwsRunners,
    "actions-runner-controller": ActionsRunnerController,
    "docker-machine": DockerMachine,
    "taskscaler-like": TaskscalerLike,
    "taskcluster": Taskcluster,
}
# What is compared if nothing is named: this project as its module configures it and with shorter idle times, and others
# with the idle time that most of them have by default.
COMPARED = (
    "product:idle=1800,look_ahead=pipeline",
    "product:idle=600,look_ahead=pipeline",
    "product:idle=300,look_ahead=pipeline",
    "product:idle=600,look_ahead=pipeline,buffer=auto",
    "product:idle=600,look_ahead=off",
    "reactive:idle=600",
    "oracle:idle=600",
    "cmdlabs",
    "aws-samples",
    "buildkite:idle=600",
    "github-aws-runners",
    "actions-runner-controller",
    "docker-machine:idle=600",
    "taskscaler-like:idle=600",
    "taskcluster:idle=600",
)
# Found by the simulator itself, not given as parameters.
_COMPUTED = frozenset({"name", "steps"})


class SpecError(Exception):
    """A policy is not known, or a parameter is not one of its own; the message lists those that are."""


@dataclass(frozen=True)
class Spec:
    """A policy with its parameters."""

    policy: str
    parameters: tuple[tuple[str, float | str], ...] = ()

    @property
    def label(self) -> str:
        """What it is called: as it is given."""
        return ":".join(
            filter(None, (self.policy, ",".join(f"{key}={_short(value)}" for key, value in self.parameters)))
        )

    def having(self, **parameters: float | str) -> Spec:
        """Return it with other parameters, those it does not know left out."""
        known = {key: value for key, value in parameters.items() if key in parameters_of(self.policy)}
        return Spec(self.policy, tuple((dict(self.parameters) | known).items()))

    def make(self, workload: Workload, setup: Setup) -> Policy:
        """Return a policy object for one simulation."""
        values: dict[str, Any] = dict(self.parameters) | {"name": self.label}
        if self.policy == "oracle":
            values |= {"steps": _steps(workload, setup)}
            values.setdefault("ahead", setup.boot.seconds)
        policy: Policy = POLICIES[self.policy](**values)
        return policy


@functools.lru_cache(maxsize=8)
def _steps(workload: Workload, setup: Setup) -> tuple[tuple[float, int], ...]:
    return tuple(without_waits(workload, setup))


def parameters_of(policy: str) -> Mapping[str, type]:
    """Return a policy's parameters and their types, by the defaults of its class."""
    own = (field for field in fields(POLICIES[policy]) if field.init and field.name not in _COMPUTED)
    return {field.name: type(field.default) for field in own}


def parse(text: str) -> Spec:
    """Return a policy as it is written on the command line.

    Raises:
        SpecError: there is no such policy or parameter, or it cannot be so.
    """
    policy, _, rest = text.partition(":")
    if policy not in POLICIES:
        raise SpecError(f"{policy!r} is no policy; there are {', '.join(POLICIES)}")
    known = parameters_of(policy)
    values = []
    for pair in filter(None, rest.split(",")):
        key, _, value = pair.partition("=")
        if key not in known:
            raise SpecError(f"{policy} has no parameter {key!r}; it has {', '.join(known) or 'none'}")
        values.append((key, _value(key, value, known[key])))
    computed = {"steps": ()} if policy == "oracle" else {}
    try:
        POLICIES[policy](**dict(values), **computed)
    except ValueRangeError as error:
        raise SpecError(f"{policy}: {error}") from error
    return Spec(policy, tuple(values))


def _value(key: str, value: str, kind: type) -> float | str:
    if kind not in {int, float}:
        return value
    try:
        number: float = kind(value)
    except ValueError as error:
        whole = "whole " if kind is int else ""
        raise SpecError(f"{key}={value}: a {whole}number is expected") from error
    if not number >= 0:
        raise SpecError(f"{key}={value}: 0 or a positive number is expected")
    return number


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
