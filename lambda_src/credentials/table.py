"""The DynamoDB table of the shared cache.

One item a session: `id` (S, "session#" and the cache key), `data` (B, ciphertext), `expires_at` (N, when the
credentials expire), `lease_owner` (S) and `lease_until` (N) while somebody makes the session, and `ttl` (N), after
which DynamoDB deletes the item some day; who reads it checks for himself. All times are epoch seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from common.aws import service_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

ID_PREFIX = "session#"
# An item that is nothing but a forgotten lease goes after this time.
_LEASE_TTL_SECONDS = 3600

_UNLEASED = "(attribute_not_exists(lease_until) OR lease_until < :now)"
_NOT_FRESH = "(attribute_not_exists(expires_at) OR expires_at <= :needed OR #ttl <= :now)"


class TableError(Exception):
    """The table cannot be used."""


class ItemError(TableError):
    """An item of the table is malformed."""


@dataclass(frozen=True)
class Item:
    """What the table holds for a session.

    Args:
        data: ciphertext of the credentials, empty if there are none.
        expires_at: when they expire.
        ttl: until when they may be used from here.
        lease_until: until when somebody may be making the session, 0 = nobody is.
    """

    data: bytes
    expires_at: int
    ttl: int
    lease_until: float


class DynamoTable:
    """The shared cache's table.

    Args:
        client: returns a DynamoDB client.
        name: the table's name.
    """

    def __init__(self, client: Callable[[], DynamoDBClient], name: str) -> None:
        self._client = client
        self._name = name

    def prepare(self) -> None:
        """Make the client, which takes long in a new container."""
        self._client()

    def read(self, key: str) -> Item | None:
        """Return the item of a session as it is now.

        Raises:
            ItemError: the item is malformed.
            TableError: the table cannot be read.
        """
        try:
            answer = self._client().get_item(TableName=self._name, Key=_key(key), ConsistentRead=True)
        except service_errors() as error:
            raise TableError(f"the table {self._name} cannot be read: {error}") from error
        return _item(answer["Item"]) if "Item" in answer else None

    def lease(self, key: str, owner: str, *, now: float, until: float, needed: float) -> bool:
        """Take the lease on a session, unless somebody has it or has just made a session that is good enough.

        Args:
            key: the cache key.
            owner: whose lease it is.
            now: epoch seconds.
            until: when the lease ends by itself.
            needed: credentials that expire later than this are good enough.

        Returns:
            Whether the lease is ours.

        Raises:
            TableError: the table cannot be written.
        """
        client = self._client()
        try:
            client.update_item(
                TableName=self._name,
                Key=_key(key),
                UpdateExpression="SET lease_owner = :owner, lease_until = :until, #ttl = if_not_exists(#ttl, :ttl)",
                ConditionExpression=f"{_UNLEASED} AND {_NOT_FRESH}",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues={
                    ":owner": {"S": owner},
                    ":now": _number(now),
                    ":until": _number(until),
                    ":needed": _number(needed),
                    ":ttl": _number(int(until) + _LEASE_TTL_SECONDS),
                },
            )
        except client.exceptions.ConditionalCheckFailedException:
            return False
        except service_errors() as error:
            raise TableError(f"the table {self._name} cannot be written: {error}") from error
        return True

    def store(self, key: str, item: Item) -> None:
        """Store a session over whatever is there, which ends the lease, too.

        Raises:
            TableError: the table cannot be written.
        """
        attributes: dict[str, AttributeValueTypeDef] = {
            **_key(key),
            "data": {"B": item.data},
            "expires_at": _number(item.expires_at),
            "ttl": _number(item.ttl),
        }
        try:
            self._client().put_item(TableName=self._name, Item=attributes)
        except service_errors() as error:
            raise TableError(f"the table {self._name} cannot be written: {error}") from error

    def release(self, key: str, owner: str) -> None:
        """Give the lease back if it still is ours, so that the next one need not wait for its end.

        Raises:
            TableError: the table cannot be written.
        """
        client = self._client()
        try:
            client.update_item(
                TableName=self._name,
                Key=_key(key),
                UpdateExpression="REMOVE lease_owner, lease_until",
                ConditionExpression="lease_owner = :owner",
                ExpressionAttributeValues={":owner": {"S": owner}},
            )
        except client.exceptions.ConditionalCheckFailedException:
            return
        except service_errors() as error:
            raise TableError(f"the table {self._name} cannot be written: {error}") from error


def _key(key: str) -> dict[str, AttributeValueTypeDef]:
    return {"id": {"S": ID_PREFIX + key}}


def _number(value: float) -> AttributeValueTypeDef:
    return {"N": str(value) if isinstance(value, int) else f"{value:.3f}"}


def _item(attributes: Mapping[str, Mapping[str, object]]) -> Item:
    try:
        data = memoryview(attributes.get("data", {}).get("B", b"")).tobytes()  # type: ignore[arg-type]
        times = [float(str(attributes.get(n, {}).get("N", "0"))) for n in ("expires_at", "ttl", "lease_until")]
        # A session without credentials would look fresh to every lease and serve nobody.
        if times[0] and not data:
            raise ItemError("an item has no credentials")
        return Item(data, int(times[0]), int(times[1]), times[2])
    # Whoever wrote such an item, it is not one of ours. (An infinite number raises OverflowError.)
    except (AttributeError, OverflowError, TypeError, ValueError) as error:
        raise ItemError(f"an item is malformed: {type(error).__name__}") from error
