"""Keep the scaler's state in DynamoDB: one item, written only over the version that was read."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from common.aws import service_errors
from scaler import codec
from scaler.errors import ConflictError, StateError
from scaler.model import Scope, State, Stored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = Mapping[str, AttributeValueTypeDef]
    Items = Mapping[str, Item]

log = logging.getLogger(__name__)

STATE_ID = "state"
SCOPE_ID = "scope"
# Terraform changes the scope; it is not read with every message.
SCOPE_LIFE_SECONDS = 60.0


def read_state(client: DynamoDBClient, table: str) -> State:
    """Return the state alone.

    Raises:
        StateError: it cannot be read, or there is none yet.
    """
    item = _get(client, table).get(STATE_ID)
    if item is None:
        raise StateError("nothing has been observed yet")
    return codec.decode(bytes(item["data"]["B"]))


class StateTable:
    """The state table.

    Args:
        client: returns a DynamoDB client.
        table: the table's name.
        clock: epoch seconds.
    """

    def __init__(self, client: Callable[[], DynamoDBClient], table: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._scope: Scope | None = None
        self._scope_read_at = 0.0

    def load(self) -> Stored:
        """Return the state, its version and the scope, in one call.

        Raises:
            StateError: the table cannot be read.
        """
        now = self._clock()
        has_scope = self._scope is not None and 0 <= now - self._scope_read_at < SCOPE_LIFE_SECONDS
        items = _get(self._client(), self._table) if has_scope else _get_both(self._client(), self._table)
        if not has_scope:
            self._scope, self._scope_read_at = _scope(items.get(SCOPE_ID)), now
        state, version = _state(items.get(STATE_ID))
        return Stored(state, version, self._scope or Scope())

    def save(self, state: State, version: int) -> None:
        """Write the state over the version that was read.

        Raises:
            ConflictError: the table holds another version.
            StateError: the table cannot be written.
        """
        client = self._client()
        try:
            client.put_item(
                TableName=self._table,
                Item={
                    "id": {"S": STATE_ID},
                    "version": {"N": str(version + 1)},
                    "data": {"B": codec.encode(state)},
                    "written_at": {"N": f"{self._clock():.3f}"},
                },
                ConditionExpression="attribute_not_exists(version) OR version = :read",
                ExpressionAttributeValues={":read": {"N": str(version)}},
            )
        except client.exceptions.ConditionalCheckFailedException as error:
            raise ConflictError("another writer has changed the state meanwhile") from error
        except service_errors() as error:
            raise StateError(f"the table {self._table} cannot be written: {error}") from error


def _get(client: DynamoDBClient, table: str) -> Items:
    try:
        answer = client.get_item(TableName=table, Key={"id": {"S": STATE_ID}}, ConsistentRead=True)
    except service_errors() as error:
        raise StateError(f"the table {table} cannot be read: {error}") from error
    return {STATE_ID: answer["Item"]} if "Item" in answer else {}


def _get_both(client: DynamoDBClient, table: str) -> Items:
    keys: list[Item] = [{"id": {"S": key}} for key in (STATE_ID, SCOPE_ID)]
    try:
        answer = client.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
    except service_errors() as error:
        raise StateError(f"the table {table} cannot be read: {error}") from error
    # DynamoDB may leave out what it has no capacity for, which is not the same as what is not there.
    if answer["UnprocessedKeys"]:
        raise StateError(f"the table {table} is throttled")
    return {item["id"]["S"]: item for item in answer["Responses"][table]}


def _state(item: Item | None) -> tuple[State, int]:
    if item is None:
        return State(), 0
    version = int(item["version"]["N"])
    try:
        return codec.decode(bytes(item["data"]["B"])), version
    except StateError as error:
        log.warning("starting from an empty state: %s", error)
        return State(), version


def _scope(item: Item | None) -> Scope:
    if item is None:
        return Scope()
    return Scope(projects=_names(item.get("projects")), groups=_names(item.get("groups")))


def _names(value: AttributeValueTypeDef | None) -> tuple[str, ...]:
    return tuple(element["S"] for element in (value or {}).get("L", ()))
