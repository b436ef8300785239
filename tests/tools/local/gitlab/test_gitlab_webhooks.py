from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks import Webhook

from tests.tools.local.gitlab.support import START, Client
from tools.local.gitlab.autodisable import Health, after_answer, alert_status

if TYPE_CHECKING:
    from tools.local.gitlab.hooks import Outgoing

SIGNING_TOKEN = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def listen(client: Client, **fields: object) -> None:
    client.control("POST", "webhooks", {"url": "https://fleet.example.com/hook", **fields})


def sent(client: Client, status: int | None = 202) -> list[Outgoing]:
    """Send what waits, with one and the same answer."""
    requests = []
    while (outgoing := client.gitlab.take_hook()) is not None:
        client.gitlab.report_hook(outgoing, status)
        requests.append(outgoing)
    return requests


def told(requests: list[Outgoing]) -> list[tuple[int, str]]:
    bodies: list[dict[str, Any]] = [json.loads(request.event.body) for request in requests]
    return [(body["build_id"], body["build_status"]) for body in bodies]


def test_every_change_of_a_job_is_told_in_order(client: Client) -> None:
    listen(client)
    first, second = client.jobs(client.project(), 2, duration_seconds=10)
    client.control("POST", f"jobs/{first}/start", {})
    client.control("POST", f"jobs/{second}/cancel")
    client.clock.now += 10
    client.gitlab.advance()
    states = [
        (first, "created"),
        (second, "created"),
        (first, "pending"),
        (second, "pending"),
        (first, "running"),
        (second, "canceled"),
        (first, "success"),
    ]
    assert states == told(sent(client))


def test_a_job_hook_looks_like_gitlabs(client: Client) -> None:
    listen(client)
    [job] = client.jobs(client.project())
    pending = sent(client)[1]
    body = json.loads(pending.event.body)
    assert ("build", job, "pending", 1, None) == tuple(
        body[name] for name in ("object_kind", "build_id", "build_status", "project_id", "runner")
    )
    assert {"pipeline_id", "build_queued_duration", "project_name", "commit", "repository"} <= set(body)
    assert "tag_list" not in body
    assert (
        pending.headers["X-Gitlab-Event"],
        pending.headers["X-Gitlab-Instance"],
    ) == ("Job Hook", "http://gitlab.local")
    assert {"Idempotency-Key", "X-Gitlab-Event-UUID", "X-Gitlab-Webhook-UUID"} <= set(pending.headers)
    assert not {"X-Gitlab-Token", "webhook-signature"} & set(pending.headers)


def test_a_taken_jobs_hook_names_its_runner(client: Client) -> None:
    client.control("PUT", "runners/1", {"tag_list": ["linux"]})
    [job] = client.jobs(client.project())
    listen(client)
    client.control("POST", f"jobs/{job}/start", {})
    runner = json.loads(sent(client)[0].event.body)["runner"]
    assert tuple(runner[name] for name in ("id", "runner_type", "is_shared", "tags")) == (
        1,
        "instance_type",
        True,
        ["linux"],
    )


def test_a_signed_hook_verifies_with_the_standard_library_of_the_specification(client: Client) -> None:
    client.clock.now = time.time()  # the verifier refuses other times and takes no clock
    listen(client, signing_token=SIGNING_TOKEN, token="s3cret")
    client.jobs(client.project())
    outgoing = sent(client)[0]
    Webhook(SIGNING_TOKEN).verify(outgoing.event.body, outgoing.headers)
    assert outgoing.headers["webhook-id"] == outgoing.headers["Idempotency-Key"]
    assert outgoing.headers["X-Gitlab-Token"] == "s3cret"


def test_a_hook_is_signed_for_the_time_it_is_sent_not_made(client: Client) -> None:
    listen(client, signing_token=SIGNING_TOKEN)
    client.jobs(client.project())
    client.clock.now += 90
    assert sent(client)[0].headers["webhook-timestamp"] == str(int(START + 90))


@pytest.mark.parametrize(
    "fields",
    [
        {"signing_token": "whsec_short"},
        {"signing_token": base64.b64encode(bytes(32)).decode()},
        {"url": "ftp://fleet.example.com"},
        {"url": "http://"},
        {"url": "http://fleet.example.com:99999"},
        {"token": "two\nlines"},
        {"events": ["issues"]},
        {"colour": "blue"},
    ],
    ids=lambda fields: str(next(iter(fields))),
)
def test_a_webhook_that_could_not_work_is_refused_by_the_field(client: Client, fields: dict[str, Any]) -> None:
    response = client.send("POST", "webhooks", {"url": "https://fleet.example.com", **fields})
    assert response.status == 400
    assert next(iter(fields)) in response.body.decode()


def test_a_webhook_hears_only_its_events_and_projects(client: Client) -> None:
    mine, other = client.project(), client.project()
    listen(client, events=["push", "pipeline"], projects=[mine])
    for project in (mine, other):
        client.jobs(project)
        client.control("POST", "events", {"project_id": project, "event": "push"})
    client.control("POST", "events", {"project_id": mine, "event": "pipeline"})
    names = [(outgoing.headers["X-Gitlab-Event"], outgoing.event.project_id) for outgoing in sent(client)]
    assert [("Push Hook", mine), ("Pipeline Hook", mine)] == names


def test_four_failures_in_a_row_disable_a_webhook_for_a_minute_and_its_events_are_lost(client: Client) -> None:
    listen(client)
    project = client.project()
    client.jobs(project, 3)
    assert len(sent(client, 500)) == 4
    state = client.control("GET", "webhooks")["webhooks"][0]
    assert (
        state["alert_status"],
        state["recent_failures"],
        state["disabled_until"],
    ) == ("temporarily_disabled", 4, START + 60)
    assert [delivery["status"] for delivery in state["deliveries"]] == [500] * 4 + [None] * 2
    client.clock.now += 61
    client.jobs(project)
    assert len(sent(client)) == 2
    assert client.control("GET", "webhooks")["webhooks"][0]["recent_failures"] == 0


def test_each_further_failure_doubles_the_pause_up_to_a_day_and_the_fortieth_is_the_last() -> None:
    health, now, pauses = Health(), 0.0, []
    while alert_status(health, now) != "disabled":
        now = max(now, (health.disabled_until or 0.0) + 1.0)
        health = after_answer(health, now, accepted=False)
        pauses.append(None if health.disabled_until is None else health.disabled_until - now)
    assert pauses[:6] == [None, None, None, 60.0, 120.0, 240.0]
    assert (len(pauses), pauses[-1]) == (40, 86400.0)


def test_failures_while_disabled_do_not_count() -> None:
    health = Health(4, disabled_until=60.0)
    assert after_answer(health, 30.0, accepted=False) == health


def test_redirects_count_as_accepted_and_silence_as_a_failure(client: Client) -> None:
    listen(client)
    client.jobs(client.project(), status="created")
    sent(client, 302)
    assert client.control("GET", "webhooks")["webhooks"][0]["recent_failures"] == 0
    client.jobs(1, status="created")
    sent(client, None)
    assert client.control("GET", "webhooks")["webhooks"][0]["recent_failures"] == 1


def test_deliveries_say_when_and_how_they_were_answered_but_no_secret(client: Client) -> None:
    listen(client, token="canary-token", signing_token=SIGNING_TOKEN)
    client.jobs(client.project())
    client.clock.now += 1
    first = sent(client)[0]
    answer = client.send("GET", "webhooks").body.decode()
    assert "canary-token" not in answer
    assert SIGNING_TOKEN not in answer
    delivery = json.loads(answer)["webhooks"][0]["deliveries"][0]
    assert {
        "id": first.event.id,
        "event": "Job Hook",
        "project_id": 1,
        "job_id": 1,
        "job_status": "created",
        "idempotency_key": first.headers["Idempotency-Key"],
        "created_at": START,
        "sent_at": START + 1,
        "answered_at": START + 1,
        "status": 202,
        "error": None,
    } == delivery
