"""Run the scaling policies of alarms: when an alarm goes to ALARM, and each minute while it stays there.

Source: Amazon CloudWatch User Guide: for Auto Scaling actions the alarm goes on invoking the action once a minute.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.local.aws.autoscaling.model import Now
    from tools.local.aws.autoscaling.scaling import Scaling

AGAIN_SECONDS = 60


@dataclass(frozen=True)
class Alarming:
    """An alarm in ALARM and one scaling policy that is its action.

    Attributes:
        account: the alarm's account.
        alarm: the alarm's name.
        policy_arn: the scaling policy.
        breach: the newest datapoint minus the threshold.
        since: when it went to ALARM, in epoch seconds; tells one ALARM from the next.
    """

    account: str
    alarm: str
    policy_arn: str
    breach: float
    since: float


@dataclass
class AlarmWatch:
    """Remember which alarms have run their policies, and when."""

    scaling: Scaling
    clock: Now
    alarming: Callable[[], list[Alarming]]
    _ran: dict[tuple[str, str, str, float], float] = field(default_factory=dict)

    def run(self) -> None:
        """Run what is due."""
        now = self.clock.now()
        current = {(each.account, each.alarm, each.policy_arn, each.since): each for each in self.alarming()}
        self._ran = {key: at for key, at in self._ran.items() if key in current}
        for key, each in current.items():
            if key not in self._ran or now - self._ran[key] >= AGAIN_SECONDS:
                self._ran[key] = now
                self.scaling.alarm(each.account, each.policy_arn, each.breach, each.alarm)
