"""The thread that lets the Auto Scaling emulator's time pass, asks termination policies and runs alarms' policies."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.local.aws import functions

if TYPE_CHECKING:
    from tools.local.aws.alarm_watch import AlarmWatch
    from tools.local.aws.autoscaling.model import Consultation
    from tools.local.aws.autoscaling.scaling import Scaling

logger = logging.getLogger("local.autoscaling")

TICK_SECONDS = 0.05
TERMINATION_POLICY_SECONDS = 2.0


def advice_of(answer: object) -> list[str] | str:
    """Return the instance ids of a termination policy's answer, or what is wrong with it as a text."""
    ids = answer.get("InstanceIDs") if isinstance(answer, dict) else None
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        return "The custom termination policy did not answer with a list of InstanceIDs"
    return ids


@dataclass
class Driver:
    """Drive the emulator in the background until it is stopped."""

    scaling: Scaling
    alarms: AlarmWatch

    def __post_init__(self) -> None:
        """Make the thread; `start` starts it."""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="autoscaling")

    def start(self) -> None:
        """Start."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for the step in hand."""
        self._stopped.set()
        self._thread.join(timeout=1)

    def _run(self) -> None:
        while not self._stopped.wait(TICK_SECONDS):
            try:
                self.step()
            except Exception:
                logger.exception("the Auto Scaling emulator failed at a step and goes on")

    def step(self) -> None:
        """Let the time pass once."""
        self.scaling.tick()
        self.alarms.run()
        for question in self.scaling.consultations():
            threading.Thread(target=self._consult, args=(question,), daemon=True, name="termination").start()

    def _consult(self, question: Consultation) -> None:
        try:
            answer = functions.invoke(
                question.account, question.region, question.function_arn, question.payload, TERMINATION_POLICY_SECONDS
            )
            advice = advice_of(answer)
        except functions.FunctionError as error:
            advice = f"The custom termination policy failed: {error}"
        if isinstance(advice, str):
            logger.warning("%s: %s", question.group, advice)
        self.scaling.advise(question, advice)
