"""Corrections of what MiniStack publishes to CloudWatch about functions; `corrections.py` applies them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tools.local.aws import emulator, functions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    Answer = tuple[int, dict[str, str], bytes]

LAMBDA = "AWS/Lambda"
CLIENT_ERROR, SERVER_ERROR = 400, 500


def every_run_is_measured() -> None:
    """Symptom: only what a client invokes is in AWS/Lambda, not what a queue, a schedule or a function URL calls."""
    publish = emulator.load("services.lambda_svc")._emit_lambda_metrics  # noqa: SLF001 - MiniStack's only door

    def throttles(function_name: str, duration_ms: float, error: bool, throttle: bool) -> None:  # noqa: FBT001 - MiniStack's
        if throttle:
            publish(function_name, duration_ms, error, throttle)

    def logged(original: Callable[..., None]) -> Callable[..., None]:
        def log(function: dict[str, Any], request: str, text: str, error: bool, took: int, **named: Any) -> None:  # noqa: ANN401, FBT001 - as above
            original(function, request, text, error, took, **named)
            publish((function.get("config") or function)["FunctionName"], float(took), error, throttle=False)

        return log

    emulator.replace("services.lambda_svc", "_emit_lambda_metrics", lambda _: throttles)
    emulator.replace("services.lambda_svc", "_emit_lambda_logs", logged)


def logged_metrics_are_metrics() -> None:
    """Symptom: a line in CloudWatch's embedded metric format stays a line, and its metrics have no values."""

    def make(original: Callable[..., None]) -> Callable[..., None]:
        def log(function: dict[str, Any], request: str, text: str, *rest: Any, **named: Any) -> None:  # noqa: ANN401 - passed on as it came
            original(function, request, text, *rest, **named)
            record = emulator.load("services.cloudwatch").record_metric
            for namespace, name, value, unit, dimensions in embedded(text):
                record(namespace, name, value, unit, dimensions)

        return log

    emulator.replace("services.lambda_svc", "_emit_lambda_logs", make)


def embedded(text: str) -> Iterable[tuple[str, str, float, str, dict[str, str]]]:
    """Yield namespace, name, value, unit and dimensions of every metric in a function's output.

    Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format". A metric's value is a number or a
    list of them.
    """
    for line in text.splitlines():
        if not line.startswith("{") or '"_aws"' not in line:
            continue
        document = json.loads(line)
        for directive in document["_aws"]["CloudWatchMetrics"]:
            for keys in directive["Dimensions"]:
                dimensions = {key: str(document[key]) for key in keys}
                for metric in directive["Metrics"]:
                    found = document[metric["Name"]]
                    for value in found if isinstance(found, list) else [found]:
                        unit = metric.get("Unit", "None")
                        yield directive["Namespace"], metric["Name"], float(value), unit, dimensions


def function_urls_are_counted() -> None:
    """Symptom: AWS/Lambda has neither UrlRequestCount nor Url4xxCount nor Url5xxCount."""

    def make(original: Callable[..., Awaitable[Answer]]) -> Callable[..., Awaitable[Answer]]:
        async def serve(url_id: str, *arguments: Any, **named: Any) -> Answer:  # noqa: ANN401 - passed on as it came
            answer = await original(url_id, *arguments, **named)
            if owner := functions.url_owner(url_id):
                count(*owner, answer[0])
            return answer

        return serve

    emulator.replace("services.lambda_svc", "handle_function_url_request", make)


def count(account: str, region: str, function: str, status: int) -> None:
    """Count a request to a function URL by how it was answered."""
    record = emulator.load("services.cloudwatch").record_metric
    values = {
        "UrlRequestCount": True,
        "Url4xxCount": CLIENT_ERROR <= status < SERVER_ERROR,
        "Url5xxCount": status >= SERVER_ERROR,
    }
    with emulator.scoped(account, region):
        for name, value in values.items():
            record(LAMBDA, name, value, "Count", {"FunctionName": function})
