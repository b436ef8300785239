"""The emulator as a whole: every account's regions behind one lock, moved on by a tick."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from tools.local.aws.autoscaling import capacity, lifecycle, policies
from tools.local.aws.autoscaling.errors import InvalidActionError
from tools.local.aws.autoscaling.model import Consultation, Ec2, Group, Instance, Now, Settings, State
from tools.local.aws.autoscaling.operations import OPERATIONS
from tools.local.aws.autoscaling.region import Region

if TYPE_CHECKING:
    from random import Random


class Scaling:
    """Auto Scaling for every account and region of this AWS."""

    def __init__(self, clock: Now, ec2: Ec2, random: Random, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._clock = clock
        self._ec2 = ec2
        self._random = random
        self._regions: dict[tuple[str, str], Region] = {}
        self._lock = threading.RLock()

    def call(self, account: str, region: str, action: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Do one action and return its result.

        Raises:
            AutoScalingError: Auto Scaling refuses it, or this emulator does not have it.
        """
        operation = OPERATIONS.get(action)
        if operation is None:
            raise InvalidActionError(f"The local Auto Scaling does not have {action}")
        with self._lock:
            self.tick()
            result = operation(self._region(account, region), parameters)
            self.tick()
            return result

    def tick(self) -> None:
        """Let the time pass: instances change state, and groups move towards their desired capacity."""
        with self._lock:
            for region in self._regions.values():
                for group in list(region.groups.values()):
                    self._tick_group(region, group)

    def consultations(self) -> list[Consultation]:
        """Take the questions to custom termination policies that wait to be asked."""
        with self._lock:
            waiting = [question for region in self._regions.values() for question in region.consultations]
            for region in self._regions.values():
                region.consultations = []
            return waiting

    def advise(self, question: Consultation, advice: list[str] | str) -> None:
        """Hand in the answer to a question: instance ids, or what went wrong as a text."""
        with self._lock:
            region = self._region(question.account, question.region)
            group = region.groups.get(question.group)
            if group is not None:
                capacity.take_advice(region, group, advice)
                self.tick()

    def alarm(self, account: str, policy_arn: str, breach: float, alarm: str) -> None:
        """Run a scaling policy because an alarm is in ALARM; an unknown policy is ignored as AWS does.

        Args:
            account: the alarm's account.
            policy_arn: the alarm's action.
            breach: the alarm's metric minus its threshold.
            alarm: the alarm's name, for the activity's cause.
        """
        with self._lock:
            self.tick()
            for (owner, _), region in list(self._regions.items()):
                if owner == account:
                    policies.run_by_alarm(region, policy_arn, breach, alarm)
            self.tick()

    def instances(self, group: str | None = None) -> list[tuple[Group, Instance]]:
        """Return every instance, or one group's, of all accounts and regions."""
        with self._lock:
            self.tick()
            groups = [each for region in self._regions.values() for each in region.groups.values()]
            wanted = [each for each in groups if group in (None, each.name)]
            return [(each, instance) for each in wanted for instance in each.instances.values()]

    def owner(
        self, account: str, region: str, name: str | None, instance_id: str | None
    ) -> tuple[str, dict[str, str]] | None:
        """Return the ARN and the tags of the group of a name or of an instance; None when there is none."""
        with self._lock:
            for group in self._region(account, region).groups.values():
                if group.name == name or instance_id in group.instances:
                    return group.arn, {key: tag["Value"] for key, tag in group.tags.items()}
            return None

    def forget(self) -> None:
        """Forget every group at once."""
        with self._lock:
            self._regions = {}

    def _region(self, account: str, name: str) -> Region:
        key = (account, name)
        if key not in self._regions:
            self._regions[key] = Region(account, name, self._clock, self._ec2, self._random, self.settings)
        return self._regions[key]

    def _tick_group(self, region: Region, group: Group) -> None:
        lifecycle.advance(region, group)
        if group.deleting:
            for instance in list(group.instances.values()):
                if instance.state is State.TERMINATING_WAIT:
                    lifecycle.proceed(region, group, instance, self._clock.now())
            if not group.instances:
                del region.groups[group.name]
            return
        capacity.reconcile(region, group)
        lifecycle.advance(region, group)
