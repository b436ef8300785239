from __future__ import annotations

import pytest

from tools.hooks import plan
from tools.hooks.model import Action, Hook, Owner, Secrets, Step

URL = "https://abc.lambda-url.eu-west-1.on.aws/"
PROJECT = Owner("projects", 7, "group/app")
SECRETS = Secrets(token="canary-token")
GOOD = Hook(3, URL, job_events=True, has_token=True, has_signing_token=False)


def test_an_owner_without_a_webhook_gets_one() -> None:
    foreign = Hook(1, "https://chat.example.com/hook", job_events=True)

    assert plan.install(PROJECT, [foreign], URL, SECRETS) == [Step(Action.CREATE, PROJECT, 0, "there is none")]


def test_a_webhook_that_is_right_is_left_alone() -> None:
    assert plan.install(PROJECT, [GOOD], URL, SECRETS) == [Step(Action.KEEP, PROJECT, 3, "as it should be")]


def test_a_slash_at_the_end_makes_no_other_webhook() -> None:
    hook = Hook(3, URL.rstrip("/"), job_events=True, has_token=True)

    assert [step.action for step in plan.install(PROJECT, [hook], URL, SECRETS)] == [Action.KEEP]


@pytest.mark.parametrize(
    ("hook", "reason"),
    [
        (Hook(3, URL, job_events=False, has_token=True), "job events are off"),
        (Hook(3, URL, job_events=True, other_events=("push_events",), has_token=True), "it also sends push_events"),
        (Hook(3, URL, job_events=True, verifies_tls=False, has_token=True), "TLS is not verified"),
        (Hook(3, URL, job_events=True, has_token=False), "it has no token"),
    ],
    ids=["no job events", "other events", "no TLS check", "no token"],
)
def test_a_webhook_that_is_wrong_is_updated_and_the_reason_said(hook: Hook, reason: str) -> None:
    assert plan.install(PROJECT, [hook], URL, SECRETS) == [Step(Action.UPDATE, PROJECT, 3, reason)]


def test_a_missing_signing_token_is_an_update() -> None:
    steps = plan.install(PROJECT, [GOOD], URL, Secrets(signing_token="whsec_x"))

    assert [(step.action, step.reason) for step in steps] == [(Action.UPDATE, "it has no signing token")]


def test_what_an_older_gitlab_does_not_tell_is_no_reason_to_update() -> None:
    silent = Hook(3, URL, job_events=True)

    assert [step.action for step in plan.install(PROJECT, [silent], URL, SECRETS)] == [Action.KEEP]


def test_the_oldest_of_several_webhooks_stays() -> None:
    steps = plan.install(PROJECT, [Hook(9, URL, job_events=True, has_token=True), GOOD], URL, SECRETS)

    assert [(step.action, step.hook_id) for step in steps] == [(Action.KEEP, 3), (Action.DELETE, 9)]


def test_only_the_fleets_own_webhooks_are_rotated_or_removed() -> None:
    hooks = [GOOD, Hook(4, "https://other.example.com/", job_events=True)]

    assert [step.hook_id for step in plan.rotate(PROJECT, hooks, URL)] == [3]
    assert [step.hook_id for step in plan.remove(PROJECT, hooks, URL)] == [3]


@pytest.mark.parametrize(
    ("hook", "words"),
    [
        (GOOD, "secret: token"),
        (Hook(3, URL, job_events=True), "secret: not shown by this GitLab"),
        (Hook(3, URL, job_events=True, has_token=False, has_signing_token=False), "secret: NONE"),
        (Hook(3, URL, job_events=False, has_token=True), "secret: token, NO JOB EVENTS"),
    ],
    ids=["good", "silent", "no secret", "no job events"],
)
def test_the_state_of_a_webhook_is_told_in_words(hook: Hook, words: str) -> None:
    assert plan.state(hook) == words


def test_a_disabled_webhook_names_the_way_out() -> None:
    hook = Hook(3, URL, job_events=True, has_token=True, alert_status="disabled")

    assert "DISABLED: press Test" in plan.state(hook)


def test_secrets_are_not_in_the_representation() -> None:
    assert "canary" not in repr(SECRETS)
