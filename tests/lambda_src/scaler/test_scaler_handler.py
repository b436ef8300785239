"""When the entry point asks GitLab about the token."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from scaler import handler
from tests.lambda_src.scaler.test_scaler_wiring import ENVIRONMENT, Context

if TYPE_CHECKING:
    from collections.abc import Iterator

UNREACHABLE = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_SECRET_ACCESS_KEY": "test",
}
ASKED = "for how long the GitLab token is valid is not known"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {**ENVIRONMENT, **UNREACHABLE}.items():
        monkeypatch.setenv(name, value)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    for cached in (handler._scaler, handler._expiry):
        cached.cache_clear()
    root.handlers = handlers
    root.setLevel(level)


def event(*kinds: str) -> dict[str, object]:
    bodies = [
        {"kind": kind, "project_id": 1, "received_at": 1.0, "scheduled_at": "2026-11-22T03:00:00Z"} for kind in kinds
    ]
    return {
        "Records": [
            {"attributes": {"MessageDeduplicationId": f"{body['kind']}-1"}, "body": json.dumps(body)} for body in bodies
        ]
    }


@pytest.mark.parametrize(
    ("kinds", "asks"),
    [
        (("tick",), True),
        (("sweep", "tick"), True),
        (("hook",), False),
        (("tick", "hook"), False),
        (("continue",), False),
    ],
    ids=str,
)
def test_gitlab_is_asked_about_the_token_when_nobody_waits(
    kinds: tuple[str, ...], asks: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    handler.handle(event(*kinds), Context())

    assert (ASKED in capsys.readouterr().out) == asks


def test_each_line_names_the_message_that_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    handler.handle(event("hook"), Context())

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines
    assert [line["correlation_id"] for line in lines] == [["hook-1"]] * len(lines)
