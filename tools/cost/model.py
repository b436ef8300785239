"""Turn how a fleet is used into a monthly bill. Pure; no free allowance is taken off.

Durations and sizes are estimates for a fleet of some dozen projects; each is a named constant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.cost.prices import DAYS, HOURS, INSTANCES, PRICES

if TYPE_CHECKING:
    from collections.abc import Iterable

FUNCTION_GB = 0.25
SCHEDULE_SECONDS = 0.05
WEBHOOK_SECONDS = 0.02
OBSERVATION_SECONDS = 0.5
NOTHING_SECONDS = 0.05
TICKS = HOURS * 60
# The event source asks an empty queue this often: 5 pollers, 20 s each.
EMPTY_RECEIVES = 5 * HOURS * 180
# A fleet at work publishes all of its metrics, one at rest no more than two, every four minutes. Metrics are charged
# by the hour in which they are published: a month with any job or instance is taken for one of work throughout.
FLEET_METRICS = 12
REST_METRICS = 2
RESTS_AN_HOUR = 15.0
# How long webhooks wait, which is published while there are any.
WEBHOOK_METRICS = 1
# Published in one hour of the day: how long the GitLab token is valid. Metrics of faults are published while they last.
DAILY_METRICS = 1 / 24
# Operational alarms: of every fleet, with the webhook's URL, and with the credential vendor.
FLEET_ALARMS = 17
WEBHOOK_ALARMS = 3
VENDOR_ALARMS = 5
LOG_GB = 0.65 / 1_000_000
# A hook that arrives while another is being answered is answered with it.
HOOKS_AN_OBSERVATION = 2.0

VENDOR_GB = 1.0
VEND_SECONDS = 0.005
COLD_SECONDS = 0.8
COLD_SHARE = 0.05
VENDOR_METRICS = 11
VENDOR_LOG_GB = 1.5 / 1_000_000
# The warm containers look once a minute whether the grants have changed.
GRANT_READS_A_VEND = 0.2


@dataclass(frozen=True)
class Usage:
    """How a fleet is set up and used.

    Attributes:
        instances: instances in service, the average over the month.
        instance_type: their type.
        instance_price: USD an hour of one on demand, 0 = that of the price table.
        spot_discount: share of the on-demand price that spot capacity saves, 0 = on demand.
        disk_gb: size of an instance's disk.
        public_addresses: whether instances have public IPv4 addresses.
        hooks: job events a day (three or four for each job).
        sweeps_an_hour: how often the schedule reads every project, 0 = off.
        vends: requests for credentials a day; the credential vendor costs its key if it is there at all.
        credentials: whether the credential vendor is there.
        webhook: whether there is a URL for webhooks.
        alarms: alarms beside the safety net and the operational ones.
        all_alarms: whether there are the operational alarms of everything that is there.
        actuator: who changes the capacity, "lambda" or "alarms".
        dashboard: whether there is one.
        tracing: whether X-Ray traces every invocation.
    """

    instances: float = 0.0
    instance_type: str = "t3.medium"
    instance_price: float = 0.0
    spot_discount: float = 0.0
    disk_gb: float = 30.0
    public_addresses: bool = False
    hooks: float = 0.0
    sweeps_an_hour: float = 60.0
    vends: float = 0.0
    credentials: bool = False
    webhook: bool = False
    alarms: int = 0
    all_alarms: bool = False
    actuator: str = "lambda"
    dashboard: bool = False
    tracing: bool = False


@dataclass(frozen=True)
class Line:
    """One line of the bill; USD a month."""

    part: str
    what: str
    usd: float


def estimate(usage: Usage) -> list[Line]:
    """Return the bill.

    Args:
        usage: how the fleet is used.

    Raises:
        KeyError: the instance type has no price in the table.
    """
    return [*_scaler(usage), *_observability(usage), *_vendor(usage), *_instances(usage)]


def total(lines: Iterable[Line]) -> float:
    """Return the sum in USD a month."""
    return sum(line.usd for line in lines)


def _scaler(usage: Usage) -> Iterable[Line]:
    hooks, sweeps = usage.hooks * DAYS, usage.sweeps_an_hour * HOURS
    observations = sweeps + hooks / HOOKS_AN_OBSERVATION + _busy_ticks(usage)
    idle_ticks = TICKS - _busy_ticks(usage)
    scheduled = TICKS + sweeps
    seconds = (
        scheduled * SCHEDULE_SECONDS
        + hooks * WEBHOOK_SECONDS
        + observations * OBSERVATION_SECONDS
        + idle_ticks * NOTHING_SECONDS
    )
    requests = scheduled + hooks + observations + idle_ticks
    messages = scheduled + hooks
    yield Line("scaler", "Lambda compute", seconds * FUNCTION_GB * PRICES["lambda GB-s"])
    yield Line("scaler", "Lambda requests", requests * PRICES["lambda request"])
    yield Line("scaler", "SQS FIFO requests", (2 * messages + EMPTY_RECEIVES) * PRICES["sqs fifo request"])
    yield Line("scaler", "EventBridge Scheduler", scheduled * PRICES["scheduler invocation"])
    state = (observations + idle_ticks) * PRICES["dynamodb read"] + observations * PRICES["dynamodb write"]
    yield Line("scaler", "DynamoDB", state)
    yield Line("scaler", "CloudWatch Logs", requests * LOG_GB * PRICES["log GB"])
    if usage.tracing:
        yield Line("scaler", "X-Ray", requests * PRICES["xray trace"])


def _observability(usage: Usage) -> Iterable[Line]:
    yield Line("observability", "custom metrics", _metrics(usage) * PRICES["cloudwatch metric"])
    yield Line("observability", "PutMetricData", _publications(usage) * PRICES["cloudwatch put"])
    yield Line("observability", "alarms", _alarms(usage))
    if usage.dashboard:
        yield Line("observability", "dashboard", PRICES["cloudwatch dashboard"])


def _works(usage: Usage) -> bool:
    return bool(usage.hooks or usage.instances)


def _metrics(usage: Usage) -> float:
    """Return the metrics that are published, each counted for the share of the month in which it is."""
    if _works(usage):
        return FLEET_METRICS + WEBHOOK_METRICS * bool(usage.hooks) + DAILY_METRICS
    return REST_METRICS * bool(usage.sweeps_an_hour) + DAILY_METRICS


def _publications(usage: Usage) -> float:
    if _works(usage):
        return usage.sweeps_an_hour * HOURS + usage.hooks * DAYS / HOOKS_AN_OBSERVATION + _busy_ticks(usage)
    return min(usage.sweeps_an_hour, RESTS_AN_HOUR) * HOURS


def _alarms(usage: Usage) -> float:
    """Return what the alarms cost: those that scale, the operational ones, and others."""
    fast = PRICES["cloudwatch alarm, 10 s"] if usage.actuator == "alarms" else 0.0
    return fast + (1 + operational_alarms(usage) + usage.alarms) * PRICES["cloudwatch alarm"]


def operational_alarms(usage: Usage) -> int:
    """Return how many operational alarms there are."""
    if not usage.all_alarms:
        return 0
    return FLEET_ALARMS + WEBHOOK_ALARMS * bool(usage.webhook or usage.hooks) + VENDOR_ALARMS * usage.credentials


def _busy_ticks(usage: Usage) -> float:
    """Return the ticks that find instances: all of them from one instance on, on the average."""
    return TICKS * min(1.0, usage.instances)


def _vendor(usage: Usage) -> Iterable[Line]:
    if not usage.credentials:
        return
    vends = usage.vends * DAYS
    cold = vends * COLD_SHARE
    seconds = (vends * VEND_SECONDS + cold * COLD_SECONDS) * VENDOR_GB
    yield Line("credentials", "KMS key", PRICES["kms key"])
    yield Line("credentials", "Lambda", seconds * PRICES["lambda GB-s"] + vends * PRICES["lambda request"])
    yield Line("credentials", "custom metrics", VENDOR_METRICS * PRICES["cloudwatch metric"] * bool(vends))
    yield Line("credentials", "CloudWatch Logs", vends * VENDOR_LOG_GB * PRICES["log GB"])
    shared = cold * (PRICES["kms request"] + PRICES["dynamodb read"])
    yield Line("credentials", "KMS and DynamoDB requests", shared)
    yield Line("credentials", "S3 requests", vends * GRANT_READS_A_VEND * PRICES["s3 read"])


def _instances(usage: Usage) -> Iterable[Line]:
    hours = usage.instances * HOURS
    price = (usage.instance_price or INSTANCES[usage.instance_type]) * (1 - usage.spot_discount)
    if not hours:
        return
    yield Line("instances", f"{usage.instances:g} of {usage.instance_type}", hours * price)
    yield Line("instances", f"disks of {usage.disk_gb:g} GB", usage.instances * usage.disk_gb * PRICES["ebs gp3 GB"])
    if usage.public_addresses:
        yield Line("instances", "public IPv4 addresses", hours * PRICES["public IPv4 hour"])
