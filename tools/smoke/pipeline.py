"""Checks of what carries an event to the scaler, and of what the scaler leaves behind."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from tools.smoke.model import Check, FailedError, NotTriedError, counted, require

if TYPE_CHECKING:
    from tools.smoke.fleet import Fleet

AGAIN = "run terraform apply again"
PLACEHOLDER = "<aws.scheduler.scheduled-time>"
UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
# A sweep that is late, or has many projects to read, is no fault.
GRACE_SECONDS = 600
WINDOW_SECONDS = 600
# CloudWatch shows metrics with a delay.
YOUNG_MINUTES = 3
RECEIVES = 3


def queue(fleet: Fleet) -> str:
    """Events arrive in order, and what cannot be handled is put aside."""
    found = _queue(fleet, "events")
    redrive = json.loads(found.get("RedrivePolicy", "{}"))
    require(found.get("FifoQueue") == "true", "the queue is not FIFO", AGAIN)
    require(str(redrive.get("deadLetterTargetArn", "")).endswith(f"{fleet.name}-events-dead.fifo"), f"{redrive}", AGAIN)
    require(
        int(redrive["maxReceiveCount"]) == RECEIVES, f"messages come back {redrive['maxReceiveCount']} times", AGAIN
    )
    timeout = fleet.settings("scaler")["Timeout"]
    hidden = int(found["VisibilityTimeout"])
    require(hidden >= 6 * timeout, f"messages are hidden {hidden} s, the scaler may take {timeout} s", AGAIN)
    return f"FIFO, dead letters after {RECEIVES} times, hidden for {hidden} s"


def dead_letters(fleet: Fleet) -> str:
    """Nothing was put aside."""
    count = int(_queue(fleet, "events-dead")["ApproximateNumberOfMessages"])
    require(count == 0, f"{count} messages could not be handled", "see docs/runbooks/dead-letters.md")
    return "none"


def event_source(fleet: Fleet) -> str:
    """Lambda hands the queue to the scaler."""
    mappings = fleet.client("lambda").list_event_source_mappings(FunctionName=fleet.function("scaler"))
    found = [entry for entry in mappings["EventSourceMappings"] if entry["EventSourceArn"].endswith("-events.fifo")]
    require(found, "the scaler has no event source", AGAIN)
    require(found[0]["State"] == "Enabled", f"the event source is {found[0]['State']}", "enable it in Lambda")
    return "enabled"


def schedules(fleet: Fleet) -> str:
    """The tick, and the sweep unless it is off, start the schedule function with their time."""
    found = {kind: _schedule(fleet, kind) for kind in ("tick", "sweep")}
    require(found["tick"], "there is no tick", AGAIN)
    for kind, schedule in found.items():
        if schedule is None:
            continue
        require(schedule["State"] == "ENABLED", f"{kind} is {schedule['State']}", "enable it: terraform apply does")
        target = schedule["Target"]
        require(target["Arn"].endswith(f":{fleet.function('schedule')}"), f"{kind} starts {target['Arn']}", AGAIN)
        require(PLACEHOLDER in target["Input"], f"{kind} does not hand over its time: {target['Input']}", AGAIN)
    return ", ".join(f"{kind} {entry['ScheduleExpression']}" for kind, entry in found.items() if entry)


def ticks(fleet: Fleet) -> str:
    """EventBridge Scheduler may, and does, start the schedule function each minute."""
    values = metric(fleet, ("AWS/Lambda", "Invocations", "FunctionName", fleet.function("schedule")), "Sum", 60)
    tick = _schedule(fleet, "tick")
    require(tick, "there is no tick", AGAIN)
    minutes = min(fleet.clock() - tick["CreationDate"].timestamp(), WINDOW_SECONDS) / 60
    count = int(sum(values.values()))
    if minutes < YOUNG_MINUTES or (fleet.is_local and count < minutes / 2):
        raise NotTriedError(f"{count} starts in {minutes:.0f} minutes: the fleet is new, or local; try again later")
    advice = "does the scheduler's role still trust it? Is Lambda throttled? See docs/runbooks/no-observation.md"
    require(count >= minutes / 2, f"{count} starts in the last {minutes:.0f} minutes", advice)
    return f"{counted(count, 'start')} in the last {minutes:.0f} minutes"


def state(fleet: Fleet) -> str:
    """The scaler has written its state since the last sweep."""
    answer = fleet.client("dynamodb").get_item(TableName=f"{fleet.name}-state", Key={"id": {"S": "state"}})
    advice = f"the log of {fleet.function('scaler')} says why; see docs/runbooks/no-observation.md"
    if "Item" not in answer:
        _not_while_new(fleet, "the scaler has not written its state yet")
    require("Item" in answer, "the scaler has never written its state", advice)
    age = fleet.clock() - float(answer["Item"]["written_at"]["N"])
    most = sweep_seconds(fleet)
    if most is not None and age > most:
        _not_while_new(fleet, f"the state is {age:.0f} s old")
    require(most is None or age <= most, f"the state is {age:.0f} s old", advice)
    return f"{age:.0f} s old"


def sweep_seconds(fleet: Fleet) -> float | None:
    """Return how old an observation may be; None if no sweep, or one at fixed times, promises one."""
    sweep = _schedule(fleet, "sweep")
    every = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", sweep["ScheduleExpression"]) if sweep else None
    return int(every[1]) * UNIT_SECONDS[every[2]] + GRACE_SECONDS if every else None


def _not_while_new(fleet: Fleet, detail: str) -> None:
    """Leave a check out while the schedule has not existed for as long as it may take to be heard of.

    Raises:
        NotTriedError: it has not.
    """
    schedule = _schedule(fleet, "sweep") or _schedule(fleet, "tick")
    if schedule is None:
        return
    left = (sweep_seconds(fleet) or WINDOW_SECONDS) - (fleet.clock() - schedule["CreationDate"].timestamp())
    if left > 0:
        raise NotTriedError(f"{detail}: the fleet is new; try again in {counted(math.ceil(left / 60), 'minute')}")


def metric(
    fleet: Fleet, name: tuple[str, str, str, str], stat: str, period: int, window: float = WINDOW_SECONDS
) -> dict[float, float]:
    """Return a metric's values of the last minutes by epoch second.

    Args:
        fleet: The fleet.
        name: Namespace, name, and the one dimension's name and value.
        stat: The statistic.
        period: Its period in seconds.
        window: How far to look back, in seconds.
    """
    namespace, label, dimension, value = name
    shape = {"Namespace": namespace, "MetricName": label, "Dimensions": [{"Name": dimension, "Value": value}]}
    query = {"Id": "m", "MetricStat": {"Metric": shape, "Period": period, "Stat": stat}}
    now = fleet.clock()
    answer = fleet.client("cloudwatch").get_metric_data(EndTime=now, MetricDataQueries=[query], StartTime=now - window)[
        "MetricDataResults"
    ][0]
    return {moment.timestamp(): number for moment, number in zip(answer["Timestamps"], answer["Values"], strict=True)}


def _queue(fleet: Fleet, part: str) -> dict[str, str]:
    sqs = fleet.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{fleet.name}-{part}.fifo")["QueueUrl"]
    attributes: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return attributes


def _schedule(fleet: Fleet, kind: str) -> Any:  # noqa: ANN401 - boto3's
    """Return a schedule, None if there is none."""
    scheduler = fleet.client("scheduler")
    try:
        return scheduler.get_schedule(GroupName=fleet.name, Name=f"{fleet.name}-{kind}")
    except scheduler.exceptions.ResourceNotFoundException:
        return None


def published(fleet: Fleet) -> str:
    """The scaler's metrics arrive, with a resolution of a second."""
    promised = sweep_seconds(fleet)
    window = max(WINDOW_SECONDS, promised or 0)
    name = ("GitLabRunnerFleet", "SnapshotSeconds", "Fleet", fleet.name)
    values = metric(fleet, name, "Maximum", 1, window)
    if not values and promised is None:
        raise NotTriedError("nothing was to be observed in the last ten minutes; try again while a job runs")
    advice = "may the scaler's role publish into GitLabRunnerFleet? See docs/runbooks/no-observation.md"
    if not values:
        _not_while_new(fleet, "nothing was published yet")
    require(values, f"nothing in the last {window / 60:.0f} minutes", advice)
    if len(values) > 1 and all(moment % 60 == 0 for moment in values):
        raise FailedError(f"all {len(values)} values are at whole minutes", "are they put with StorageResolution 1?")
    return f"{counted(len(values), 'observation')} in the last {window / 60:.0f} minutes"


CHECKS = (
    Check("queue", queue),
    Check("dead-letters", dead_letters),
    Check("event-source", event_source),
    Check("schedules", schedules),
    Check("ticks", ticks),
    Check("state", state),
    Check("metrics", published),
)
