"""One account's Auto Scaling in one region: its groups, and what every part of the emulator needs to act on them."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.local.aws.autoscaling.errors import ValidationError
from tools.local.aws.autoscaling.model import Activity, Consultation, Ec2, Group, Instance, Now, Settings

if TYPE_CHECKING:
    from random import Random

ACTIVITIES_KEPT = 500


@dataclass
class Region:
    """The groups of one account in one region, with their clock, their EC2 and their source of randomness."""

    account: str
    name: str
    clock: Now
    ec2: Ec2
    random: Random
    settings: Settings
    groups: dict[str, Group] = field(default_factory=dict)
    consultations: list[Consultation] = field(default_factory=list)

    def group(self, name: str) -> Group:
        """Return a group by its name.

        Raises:
            ValidationError: there is none.
        """
        found = self.groups.get(name)
        if found is None:
            raise ValidationError("AutoScalingGroup name not found - null")
        return found

    def find(self, instance_id: str) -> tuple[Group, Instance]:
        """Return a managed instance and its group.

        Raises:
            ValidationError: no group manages it.
        """
        for group in self.groups.values():
            if instance_id in group.instances:
                return group, group.instances[instance_id]
        raise ValidationError(f"Instance Id not found - No managed instance found for instance ID: {instance_id}")

    def new_uuid(self) -> str:
        """Return a new identifier."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def new_instance_id(self) -> str:
        """Return a new instance id."""
        return f"i-{self.random.getrandbits(68):017x}"

    def begin(self, group: Group, description: str, cause: str) -> Activity:
        """Record a new activity, newest first as AWS lists them."""
        activity = Activity(self.new_uuid(), description, cause, self.clock.now())
        group.activities.insert(0, activity)
        del group.activities[ACTIVITIES_KEPT:]
        return activity

    def fail(self, group: Group, description: str, cause: str, message: str) -> None:
        """Record an activity that failed at once; the same failure again only moves its time."""
        now = self.clock.now()
        newest = group.activities[0] if group.activities else None
        if newest and newest.status == "Failed" and newest.message == message and newest.description == description:
            newest.ended_at = now
            return
        activity = self.begin(group, description, cause)
        activity.status, activity.message, activity.ended_at, activity.progress = "Failed", message, now, 100

    def moment(self, at: float) -> str:
        """Return a time as activities' causes write it."""
        return dt.datetime.fromtimestamp(at, tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def explain(self, group: Group, sentence: str) -> None:
        """Remember why the desired capacity is what it is; the next activities name it as their cause."""
        group.reason = f"At {self.moment(self.clock.now())} {sentence}."


def finish(activity: Activity | None, at: float, status: str = "Successful", message: str | None = None) -> None:
    """End an activity."""
    if activity is not None:
        activity.status, activity.ended_at, activity.progress, activity.message = status, at, 100, message
