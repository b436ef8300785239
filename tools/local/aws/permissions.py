"""What a function's resource policy allows, pure.

Source: AWS Lambda Developer Guide, "Control access to Lambda function URLs": since October 2025 the public needs both
lambda:InvokeFunctionUrl and lambda:InvokeFunction, the latter for calls that come through the URL.
"""

from __future__ import annotations

from typing import Any

VIA_URL = "lambda:invokedviafunctionurl"
AUTH_TYPE = "lambda:functionurlauthtype"


def as_list(value: Any) -> list[Any]:  # noqa: ANN401 - policies have one or many of everything
    """Return one or many as a list."""
    return value if isinstance(value, list) else [value]


def public_url_allowed(statements: list[dict[str, Any]]) -> bool:
    """Tell whether anybody may call the function through its URL without a signature."""
    context = {VIA_URL: "true", AUTH_TYPE: "none"}
    url = any(grants(each, "lambda:InvokeFunctionUrl", "*", context) for each in statements)
    function = any(grants(each, "lambda:InvokeFunction", "*", context) for each in statements)
    return url and function


def principal_allowed(statements: list[dict[str, Any]], principal: str) -> bool:
    """Tell whether a principal's ARN may invoke the function."""
    return any(grants(each, "lambda:InvokeFunction", principal, {}) for each in statements)


def grants(statement: dict[str, Any], action: str, principal: str, context: dict[str, str]) -> bool:
    """Tell whether a statement allows a principal an action in a context of condition keys."""
    actions = {str(each).lower() for each in as_list(statement.get("Action", []))}
    named = statement.get("Principal", {})
    principals = [named] if isinstance(named, str) else [each for some in named.values() for each in as_list(some)]
    return (
        statement.get("Effect") == "Allow"
        and bool(actions & {action.lower(), "lambda:*"})
        and bool({principal, "*"} & set(principals))
        and conditions_met(statement.get("Condition", {}), context)
    )


def conditions_met(conditions: dict[str, dict[str, Any]], context: dict[str, str]) -> bool:
    """Tell whether every condition holds; all operators that such policies use compare for equality."""
    for operator, keys in conditions.items():
        for key, wanted in keys.items():
            values = {str(each).lower() for each in as_list(wanted)}
            if (
                operator not in ("Bool", "StringEquals", "ArnLike", "ArnEquals")
                or context.get(key.lower()) not in values
            ):
                return False
    return True
