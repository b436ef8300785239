"""Lambda functions of MiniStack, called from inside this process."""

from __future__ import annotations

import queue
import threading
from typing import Any

from tools.local.aws import emulator
from tools.local.aws.permissions import principal_allowed

SERVICE_ROLE = "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"


class FunctionError(Exception):
    """A function could not be called, failed, or took too long; the message says which."""


def invoke(account: str, region: str, arn: str, payload: dict[str, Any], seconds: float) -> Any:  # noqa: ANN401 - JSON
    """Call a function as Auto Scaling does and return its answer.

    Raises:
        FunctionError: there is no such function, its policy does not let Auto Scaling in, it failed, or it did not
            answer in time.
    """
    answers: queue.Queue[dict[str, Any]] = queue.Queue()
    record = find(account, region, arn)
    caller = f"arn:aws:iam::{account}:role/{SERVICE_ROLE}"
    if not principal_allowed(policy(account, region, arn), caller):
        raise FunctionError(f"the policy of {arn} does not allow {caller} to lambda:InvokeFunction")

    def call() -> None:
        answers.put(emulator.load("services.lambda_svc")._execute_function_with_config_scope(record, payload))  # noqa: SLF001

    threading.Thread(target=call, daemon=True, name="termination-policy").start()
    try:
        result = answers.get(timeout=seconds)
    except queue.Empty as error:
        raise FunctionError(f"{arn} did not answer within {seconds:g} seconds") from error
    if result.get("error") or result.get("throttle"):
        raise FunctionError(f"{arn} failed: {result.get('body')}")
    return result.get("body")


def find(account: str, region: str, arn: str) -> dict[str, Any]:
    """Return MiniStack's record of a function, version or alias.

    Raises:
        FunctionError: there is none.
    """
    service = emulator.load("services.lambda_svc")
    record, config, _ = service._get_func_record_for_ref_in_scope(arn, account_id=account, region=region)  # noqa: SLF001
    if record is None or config is None:
        raise FunctionError(f"there is no function {arn}")
    found: dict[str, Any] = service._execution_record_for_config(record, config)  # noqa: SLF001 - as above
    return found


def policy(account: str, region: str, arn: str) -> list[dict[str, Any]]:
    """Return the statements of a resource policy that are about the function, version or alias of an ARN.

    Raises:
        FunctionError: there is no such function.
    """
    unqualified = ":".join(arn.split(":")[:7])
    record = find(account, region, unqualified)
    statements: list[dict[str, Any]] = (record.get("policy") or {}).get("Statement", [])
    return [each for each in statements if each.get("Resource") == arn]


def url_policy(url_id: str) -> tuple[str, list[dict[str, Any]]] | None:
    """Return a function URL's kind of authorisation and the statements that are about it; None without such a URL."""
    service = emulator.load("services.lambda_svc")
    found = service.resolve_function_url(url_id)
    if found is None:
        return None
    account, region, name, qualifier, config = found
    arn = f"arn:aws:lambda:{region}:{account}:function:{name}" + (f":{qualifier}" if qualifier else "")
    return str(config.get("AuthType", "AWS_IAM")), policy(account, region, arn)


def url_qualifier(url_id: str) -> str:
    """Return the alias that a function URL belongs to; empty when it has none, or there is no such URL."""
    found = emulator.load("services.lambda_svc").resolve_function_url(url_id)
    return str(found[3] or "") if found else ""


def url_owner(url_id: str) -> tuple[str, str, str] | None:
    """Return the account, region and name of the function that a URL belongs to; None without such a URL."""
    found = emulator.load("services.lambda_svc").resolve_function_url(url_id)
    return (str(found[0]), str(found[1]), str(found[2])) if found else None
