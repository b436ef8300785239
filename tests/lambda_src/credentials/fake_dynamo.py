"""A DynamoDB table in memory, with the conditions of its writes."""

# ruff: noqa: N803 - the arguments are named by AWS

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Mapping


class ConditionalCheckFailedError(ClientError):
    def __init__(self) -> None:
        super().__init__(
            {"Error": {"Code": "ConditionalCheckFailedException", "Message": "The conditional request failed"}},
            "Update",
        )


class _Exceptions:
    ConditionalCheckFailedException = ConditionalCheckFailedError


@dataclass
class FakeDynamo:
    """A DynamoDB table in memory that evaluates condition expressions, atomically."""

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    failure: Exception | None = None
    delay_seconds: float = 0.0
    exceptions: type[_Exceptions] = _Exceptions

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def close(self) -> None:
        """Nothing is open."""

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.delay_seconds:
            time.sleep(self.delay_seconds)
        if self.failure:
            raise self.failure

    def get_item(self, *, TableName: str, Key: dict[str, Any], ConsistentRead: bool) -> dict[str, Any]:
        assert ConsistentRead
        self._called("get")
        with self._lock:
            item = self.items.get(Key["id"]["S"])
            return {"Item": dict(item)} if item is not None else {}

    def put_item(self, *, TableName: str, Item: dict[str, Any]) -> dict[str, Any]:
        self._called("put")
        with self._lock:
            self.items[Item["id"]["S"]] = dict(Item)
        return {}

    def update_item(
        self,
        *,
        TableName: str,
        Key: dict[str, Any],
        UpdateExpression: str,
        ConditionExpression: str,
        ExpressionAttributeValues: dict[str, Any],
        ExpressionAttributeNames: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        self._called("update")
        names = ExpressionAttributeNames or {}
        with self._lock:
            item = self.items.get(Key["id"]["S"], {})
            if not _holds(ConditionExpression, item, ExpressionAttributeValues, names):
                raise ConditionalCheckFailedError
            changed = {**item, **Key}
            _update(changed, UpdateExpression, ExpressionAttributeValues, names)
            self.items[Key["id"]["S"]] = changed
        return {}


class _Absent:
    """An attribute that is not there: every comparison with it is false."""

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]

    def __lt__(self, other: object) -> bool:
        return False

    def __le__(self, other: object) -> bool:
        return False


def _plain(value: Mapping[str, Any] | None) -> Any:
    if value is None:
        return _Absent()
    return float(value["N"]) if "N" in value else next(iter(value.values()))


def _holds(condition: str, item: dict[str, Any], values: dict[str, Any], names: dict[str, str]) -> bool:
    for placeholder, name in names.items():
        condition = condition.replace(placeholder, name)
    source = re.sub(r"attribute_not_exists\((\w+)\)", r"('\1' not in item)", condition)
    source = re.sub(r"(?<![\w':])([a-z]\w+)(?= *(?:<|=))", r"plain(item.get('\1'))", source)
    source = re.sub(r":(\w+)", r"plain(values[':\1'])", source)
    source = re.sub(r"(?<![<>=])=(?!=)", "==", source.replace("AND", "and").replace("OR", "or"))
    return bool(eval(source, {"plain": _plain, "item": item, "values": values}))  # noqa: S307 - our own expression


def _update(item: dict[str, Any], expression: str, values: dict[str, Any], names: dict[str, str]) -> None:
    verb, rest = expression.split(" ", 1)
    for part in re.split(r", (?![^(]*\))", rest):
        if verb == "REMOVE":
            item.pop(part, None)
            continue
        left, right = part.split(" = ")
        name = names.get(left, left)
        found = re.fullmatch(r"if_not_exists\((#?\w+), (:\w+)\)", right)
        item[name] = item.get(name, values[found[2]]) if found else values[right]
