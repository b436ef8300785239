"""Saved queries of CloudWatch Logs Insights, which MiniStack does not know: put, described and deleted here.

A correction like those in corrections.py.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools.local.aws import emulator

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer = tuple[int, dict[str, str], bytes]

KEPT = ("logGroupNames", "name", "queryString")


@dataclass
class QueryDefinitions:
    """The saved queries, by account, region and id."""

    _saved: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)

    def action(self, headers: dict[str, str]) -> Callable[[dict[str, Any]], Answer] | None:
        """Return what answers a request to CloudWatch Logs; None when it is about something else."""
        return {
            "Logs_20140328.DeleteQueryDefinition": self._delete,
            "Logs_20140328.DescribeQueryDefinitions": self._describe,
            "Logs_20140328.PutQueryDefinition": self._put,
        }.get(headers.get("x-amz-target", ""))

    def _put(self, wanted: dict[str, Any]) -> Answer:
        name = str(wanted.get("queryDefinitionId") or uuid.uuid4())
        self._saved[(*emulator.scope(), name)] = {"queryDefinitionId": name} | {
            key: wanted[key] for key in KEPT if key in wanted
        }
        return answer({"queryDefinitionId": name})

    def _describe(self, wanted: dict[str, Any]) -> Answer:
        prefix = str(wanted.get("queryDefinitionNamePrefix", ""))
        found = [
            saved
            for (*scope, _), saved in self._saved.items()
            if tuple(scope) == emulator.scope() and str(saved["name"]).startswith(prefix)
        ]
        return answer({"queryDefinitions": found})

    def _delete(self, wanted: dict[str, Any]) -> Answer:
        gone = self._saved.pop((*emulator.scope(), str(wanted.get("queryDefinitionId"))), None)
        return answer({"success": gone is not None})


def answer(document: dict[str, Any]) -> Answer:
    """Return a document as CloudWatch Logs sends it."""
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(document).encode()


def queries_can_be_saved() -> None:
    """Symptom: `terraform apply` of an aws_cloudwatch_query_definition fails: Unknown action PutQueryDefinition."""
    saved = QueryDefinitions()
    original = emulator.load("app").SERVICE_HANDLERS["logs"]

    async def serve(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Answer:
        action = saved.action(headers)
        if action:
            return action(json.loads(body or b"{}"))
        passed_on: Answer = await original(method, path, headers, body, query)
        return passed_on

    emulator.serve_service("logs", serve)
