"""Checks of alarms and logs, and of what the credential vendor rests on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tools.grants_check import vendor
from tools.smoke.model import Check, FailedError, NotTriedError, counted, require

if TYPE_CHECKING:
    from tools.smoke.fleet import Fleet

AGAIN = "run terraform apply again"
ALIASES = {"check", "hosts", "jobs"}
CONTEXT = "kms:EncryptionContext:table"
PERIODS = {"alarms": 10, "lambda": 60}


def scale_out_alarm(fleet: Fleet) -> str:
    """The alarm that scales out looks as often as the actuator needs, and acts on the group."""
    name = f"{fleet.name}-scale-out"
    found = fleet.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    require(found, f"there is no alarm {name}", AGAIN)
    alarm, actuator = found[0], fleet.settings("scaler")["Environment"]["Variables"]["ACTUATOR"]
    right = alarm["Period"] == PERIODS[actuator]
    require(right, f"its period is {alarm['Period']} s, with {actuator} {PERIODS[actuator]} s is right", AGAIN)
    acts = alarm["ActionsEnabled"] and any(":scalingPolicy:" in action for action in alarm["AlarmActions"])
    require(acts, "it does nothing", AGAIN)
    return f"{alarm['Period']} s, for {actuator} as the actuator; its state is {alarm['StateValue']}"


def alarms(fleet: Fleet) -> str:
    """Every alarm of the fleet may act; which of them are in ALARM is shown."""
    pages = fleet.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{fleet.name}-")
    found = [alarm for page in pages for alarm in page["MetricAlarms"]]
    muted = [alarm["AlarmName"] for alarm in found if not alarm["ActionsEnabled"]]
    require(not muted, f"actions are switched off: {', '.join(muted)}", "aws cloudwatch enable-alarm-actions")
    firing = [alarm["AlarmName"] for alarm in found if alarm["StateValue"] == "ALARM"]
    return f"{counted(len(found), 'alarm')}; in ALARM: {', '.join(firing) or 'none'}"


def logs(fleet: Fleet) -> str:
    """Every function has a log group that forgets."""
    client = fleet.client("logs")
    for part in fleet.parts():
        name = f"/aws/lambda/{fleet.function(part)}"
        groups = client.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        kept = [group.get("retentionInDays") for group in groups if group["logGroupName"] == name]
        require(kept, f"{name} does not exist", AGAIN)
        require(kept[0], f"{name} is kept for ever", AGAIN)
    return f"{len(fleet.parts())} log groups with a retention"


def credentials_aliases(fleet: Fleet) -> str:
    """The vendor has its doors, and asks STS in its own region."""
    variables = fleet.settings("credentials")["Environment"]["Variables"]
    found = fleet.client("lambda").list_aliases(FunctionName=fleet.function("credentials"))["Aliases"]
    missing = ALIASES - {alias["Name"] for alias in found}
    require(not missing, f"no alias {', '.join(sorted(missing))}", AGAIN)
    endpoints = variables.get("AWS_STS_REGIONAL_ENDPOINTS")
    require(endpoints == "regional", f"AWS_STS_REGIONAL_ENDPOINTS is {endpoints}", AGAIN)
    return "three doors, STS in the region"


def credentials_key(fleet: Fleet) -> str:
    """Role and key let the vendor encrypt for its own table only, and nobody else."""
    settings = fleet.settings("credentials")
    key = settings["Environment"]["Variables"].get("KMS_KEY_ID")
    if not key:
        raise NotTriedError("this fleet shares no sessions (credentials.shared_cache)")
    iam, role = fleet.client("iam"), settings["Role"].rsplit("/", 1)[-1]
    policy = iam.get_role_policy(PolicyName="function", RoleName=role)["PolicyDocument"]
    document = json.loads(policy) if isinstance(policy, str) else policy
    key_policy = json.loads(fleet.client("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    for where, statements in (("role", document["Statement"]), ("key", key_policy["Statement"])):
        uses = [entry for entry in statements if _decrypts(entry) and "kms:ViaService" not in json.dumps(entry)]
        require(uses, f"the policy of the {where} lets the vendor decrypt nothing", AGAIN)
        bare = [str(entry.get("Sid")) for entry in uses if CONTEXT not in json.dumps(entry.get("Condition", {}))]
        require(not bare, f"{', '.join(bare)} in the policy of the {where} has no {CONTEXT}", AGAIN)
    return f"{CONTEXT} in both policies"


def grants(fleet: Fleet) -> str:
    """Every grant's role trusts the vendor."""
    fleet.settings("credentials")
    try:
        found = list(vendor.results(fleet.client("lambda"), fleet.function("credentials"), fleet.sleep))
    except vendor.CheckError as error:
        raise FailedError(str(error), f"make grants-check FUNCTION={fleet.function('credentials')}") from error
    bad = [result.grant for result in found if result.is_failure]
    advice = f"make grants-check FUNCTION={fleet.function('credentials')} says why"
    require(not bad, f"of {len(found)} grants these fail: {', '.join(bad)}", advice)
    return f"{len(found)} grants"


def _decrypts(entry: dict[str, Any]) -> bool:
    actions = entry.get("Action", [])
    return entry.get("Effect") == "Allow" and "kms:Decrypt" in ([actions] if isinstance(actions, str) else actions)


CHECKS = (
    Check("scale-out-alarm", scale_out_alarm),
    Check("alarms", alarms),
    Check("logs", logs),
    Check("credentials-aliases", credentials_aliases),
    Check("credentials-key", credentials_key),
    Check("grants", grants),
)
