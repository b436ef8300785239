"""Every fault of MiniStack that is corrected in front of it, and nothing else.

One function a correction; its docstring opens with the symptom. `install` applies them all, once, before the first
request. Each has a test of its own.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.local.aws import (
    alarms,
    calls,
    cbor,
    emulator,
    functions,
    launch_templates,
    permissions,
    request,
)
from tools.local.aws.corrections_iam import (
    aliases_are_resources,
    condition_keys_are_known,
    sessions_are_their_role,
    transport_counts_as_secure,
)
from tools.local.aws.corrections_metrics import (
    every_run_is_measured,
    function_urls_are_counted,
    logged_metrics_are_metrics,
)
from tools.local.aws.log_patterns import log_patterns_are_cloudwatchs
from tools.local.aws.query import QueryService
from tools.local.aws.query_definitions import queries_can_be_saved

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tools.local.aws.autoscaling.scaling import Scaling
    from tools.local.aws.control import Workers
    from tools.local.aws.monitor import Monitor
    from tools.local.aws.outages import Outages
    from tools.local.aws.stats import Stats

    Answer = tuple[int, dict[str, str], bytes]

WORKER_WAIT_SECONDS = 2.0
WORKER_POLL_SECONDS = 0.005
FORBIDDEN = "Forbidden. For troubleshooting Function URL authorization issues, see the Lambda Developer Guide"
QUALIFIER: ContextVar[str] = ContextVar("QUALIFIER", default="")
"""The alias or version of the function URL in hand."""


@dataclass(frozen=True)
class Parts:
    """The parts of the front that corrections lead to."""

    scaling: Scaling
    monitor: Monitor
    workers: Workers
    stats: Stats
    outages: Outages


def install(parts: Parts) -> None:
    """Apply every correction."""
    cbor_is_spoken()
    calls_are_seen(parts.stats, parts.outages)
    alarms_follow_cloudwatch(parts.monitor)
    alarms_are_described_in_full()
    workers_are_bounded(parts.workers)
    condition_keys_are_known(parts.scaling)
    sessions_are_their_role()
    transport_counts_as_secure()
    aliases_are_resources()
    function_urls_need_permission()
    function_urls_name_their_alias()
    function_urls_are_counted()
    every_run_is_measured()
    logged_metrics_are_metrics()
    launch_templates_keep_everything()
    event_age_is_not_invented()
    queries_can_be_saved()
    log_patterns_are_cloudwatchs()
    rules_for_all_traffic_have_no_ports()
    reset_forgets_groups(parts.scaling)


def cbor_is_spoken() -> None:
    """Symptom: boto3's PutMetricData answers 200 and stores nothing, other CloudWatch calls of boto3 fail.

    boto3 speaks CBOR to CloudWatch, and MiniStack needs the distribution cbor2 for it, which it does not require.
    """
    if importlib.util.find_spec("cbor2") is None:
        sys.modules["cbor2"] = cbor


def calls_are_seen(stats: Stats, outages: Outages) -> None:
    """Symptom: nothing tells which calls a client made, IAM's condition keys cannot see the request, nothing fails."""

    def make(original: Callable[..., Awaitable[Answer]]) -> Callable[..., Awaitable[Answer]]:
        async def dispatch(
            method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]], request_id: str
        ) -> Answer:
            request.REQUEST.set((headers, body, query))
            service = calls.service_name(emulator.load("core.router").detect_service(method, path, headers, query))
            stats.count(service, calls.operation_name(service, method, path, headers, body, query))
            return await outages.apply(service, lambda: original(method, path, headers, body, query, request_id))

        return dispatch

    emulator.replace("app", "_dispatch_service_request", make)


def alarms_follow_cloudwatch(monitor: Monitor) -> None:
    """Symptom: an alarm takes every dimension's metrics, forgets its periods and missing data, and never ends.

    MiniStack looks at alarms when metrics are put, over all dimensions at once, and runs no scaling policies.
    """

    def make(original: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
        def evaluate(alarm: dict[str, Any]) -> None:
            if not monitor.evaluate(alarm):
                original(alarm)

        return evaluate

    emulator.replace("services.cloudwatch", "_evaluate_alarm", make)


def alarms_are_described_in_full() -> None:
    """Symptom: a second `terraform plan` changes every aws_cloudwatch_metric_alarm.

    In the Query protocol, which the aws provider 5.x speaks, DescribeAlarms leaves out most fields. MiniStack's answer
    in JSON has them all: it is asked for, and written in the Query protocol.
    """
    service = QueryService("cloudwatch")

    def make(original: Callable[..., Answer]) -> Callable[..., Answer]:
        def describe(params: dict[str, Any], data: dict[str, Any], is_cbor: bool, is_json: bool = False) -> Answer:  # noqa: FBT001, FBT002 - MiniStack's signature
            if is_cbor or is_json:
                return original(params, data, is_cbor, is_json)
            form = {name: value[0] if isinstance(value, list) else value for name, value in params.items()}
            _, wanted = service.parse({"Action": "DescribeAlarms"} | form)
            status, _, body = original({}, wanted, False, True)  # noqa: FBT003 - MiniStack's signature
            answer = json.loads(body)
            if status >= 400:  # noqa: PLR2004 - an error is worded right already
                return original(params, data, is_cbor, is_json)
            for alarm in [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]:
                alarms.tidy(alarm)
            return 200, {"Content-Type": "text/xml"}, service.answer("DescribeAlarms", answer, "local")

        return describe

    emulator.replace("services.cloudwatch", "_describe_alarms", make)


def workers_are_bounded(workers: Workers) -> None:
    """Symptom: a burst of calls starts a Python process for every one in flight, and the machine drowns in them.

    A call waits up to two seconds for one of its function's workers to become free before another is started, so
    nothing is throttled, and a function that calls itself still gets a worker.
    """

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def acquire(
            name: str, config: dict[str, Any], code: bytes, qualifier: str = "$LATEST", cap: int | None = None
        ) -> Any:  # noqa: ANN401
            deadline = time.monotonic() + WORKER_WAIT_SECONDS
            while time.monotonic() < deadline:
                leased = original(name, config, code, qualifier, workers.per_function)
                if leased[0] is not None:
                    return leased
                time.sleep(WORKER_POLL_SECONDS)
            return original(name, config, code, qualifier, cap)

        return acquire

    emulator.replace("core.lambda_runtime", "acquire_worker", make)
    service = emulator.load("services.lambda_svc")
    service.acquire_worker = emulator.load("core.lambda_runtime").acquire_worker


def function_urls_need_permission() -> None:
    """Symptom: a public function URL answers although no policy lets the public in; on AWS it is 403."""

    def make(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def serve(url_id: str, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - passed on as it came
            found = functions.url_policy(url_id)
            if found and found[0] == "NONE" and not permissions.public_url_allowed(found[1]):
                headers = {"Content-Type": "application/json", "x-amzn-ErrorType": "AccessDeniedException"}
                return 403, headers, json.dumps({"Message": FORBIDDEN}).encode()
            return await original(url_id, *arguments, **named)

        return serve

    emulator.replace("services.lambda_svc", "handle_function_url_request", make)


def function_urls_name_their_alias() -> None:
    """Symptom: context.invoked_function_arn lacks the alias when the function is called through an alias's URL."""

    def serve_with(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def serve(url_id: str, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - passed on as it came
            QUALIFIER.set(functions.url_qualifier(url_id))
            return await original(url_id, *arguments, **named)

        return serve

    def name_with(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        def record(function: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
            if QUALIFIER.get():
                # Of the function's, a version's or an alias's ARN the first seven parts are the function's.
                arn = ":".join([*config["FunctionArn"].split(":")[:7], QUALIFIER.get()])
                config = config | {"FunctionArn": arn}
            return original(function, config)

        return record

    emulator.replace("services.lambda_svc", "handle_function_url_request", serve_with)
    emulator.replace("services.lambda_svc", "_execution_record_for_config", name_with)


def launch_templates_keep_everything() -> None:
    """Symptom: a second `terraform plan` changes aws_launch_template, and spot market options are lost."""
    emulator.replace("services.ec2", "_parse_lt_data", lambda _: launch_templates.parse)
    emulator.replace("services.ec2", "_lt_data_xml", lambda _: launch_templates.xml)


def event_age_is_not_invented() -> None:
    """Symptom: a second plan removes `maximum_event_age_in_seconds`, as an age that was not given is answered."""

    def make(original: Callable[..., Answer]) -> Callable[..., Answer]:
        def put(name: str, qualifier: str | None, data: dict[str, Any]) -> Answer:
            answer = original(name, qualifier, data)
            record = emulator.load("services.lambda_svc")._functions.get(name)  # noqa: SLF001 - MiniStack's only door
            if record and "MaximumEventAgeInSeconds" not in data:
                record.get("event_invoke_configs", {}).get(qualifier or "", {}).pop("MaximumEventAgeInSeconds", None)
            return answer

        return put

    emulator.replace("services.lambda_svc", "_put_event_invoke_config", make)


def rules_for_all_traffic_have_no_ports() -> None:
    """Symptom: a second plan gives an egress rule its description again, as the group's default rule is still there."""

    def without_ports(rule: dict[str, Any]) -> dict[str, Any]:
        ports = {"FromPort", "ToPort"} if rule.get("IpProtocol") == "-1" else set()
        return {name: value for name, value in rule.items() if name not in ports}

    def make(original: Callable[..., bool]) -> Callable[..., bool]:
        return lambda one, other: original(without_ports(one), without_ports(other))

    emulator.replace("services.ec2", "_rules_match", make)


def reset_forgets_groups(scaling: Scaling) -> None:
    """Symptom: `POST /_ministack/reset` wipes everything but Auto Scaling, which is ours."""

    def make(original: Callable[[], None]) -> Callable[[], None]:
        def reset() -> None:
            original()
            scaling.forget()

        return reset

    emulator.replace("app", "_reset_all_state", make)
