"""Control endpoints for webhooks, faults, settings, statistics and the hosts simulator."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tools.local.gitlab import autodisable
from tools.local.gitlab.control_world import runner_numbered
from tools.local.gitlab.errors import ControlError
from tools.local.gitlab.faults import NAMES, Fault
from tools.local.gitlab.fields import Fields, parse_body
from tools.local.gitlab.hooks import EVENT_NAMES, Delivery, Webhook
from tools.local.gitlab.messages import Response, json_response
from tools.local.gitlab.signing import decode_signing_token
from tools.local.gitlab.stats import Stats

if TYPE_CHECKING:
    from tools.local.gitlab.messages import Json
    from tools.local.gitlab.world import Call, HostsControl, World


def get_info(world: World, call: Call) -> Response:
    """GET /_control/info: what a client must know to use this GitLab."""
    return json_response({**world.info, "url": world.hooks.instance_url, "now": call.now})


def create_webhook(world: World, call: Call) -> Response:
    """POST /_control/webhooks."""
    fields = Fields(parse_body(call.request.body))
    webhook = Webhook(
        id=world.hooks.new_id(),
        url=valid_url("url", fields.required_text("url")),
        token=one_line("token", fields.text("token")),
        signing_token=fields.text("signing_token"),
        events=frozenset(fields.texts("events", ("job",))),
        projects=fields.integers("projects"),
    )
    fields.done()
    if unknown := sorted(webhook.events - set(EVENT_NAMES)):
        raise ControlError(f"events may be {', '.join(EVENT_NAMES)}, not {', '.join(unknown)}")
    if webhook.signing_token:
        decode_signing_token(webhook.signing_token)
    world.hooks.add(webhook)
    return json_response({"id": webhook.id}, 201)


def valid_url(field: str, url: str) -> str:
    """Return an absolute HTTP address.

    Raises:
        ControlError: it is none.
    """
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid or any(character.isspace() for character in url):
        raise ControlError(f"{field} must be an absolute http or https address, not {url}")
    return url


def one_line(field: str, text: str) -> str:
    """Return a text that fits in a header."""
    if "\n" in text or "\r" in text:
        raise ControlError(f"{field} must not contain line breaks")
    return text


def list_webhooks(world: World, call: Call) -> Response:
    """GET /_control/webhooks with their state and deliveries; `deliveries=false` leaves those out."""
    with_deliveries = call.parameters.boolean("deliveries") is not False
    entries = [webhook_entry(world, webhook, call.now, with_deliveries) for webhook in world.hooks.webhooks.values()]
    waiting = world.hooks.events_made - world.hooks.events_done
    return json_response({"webhooks": entries, "waiting": waiting})


def webhook_entry(world: World, webhook: Webhook, now: float, with_deliveries: bool) -> Json:  # noqa: FBT001 (a query parameter)
    """Return a webhook, never its secrets."""
    health = world.hooks.health[webhook.id]
    entry: Json = {
        "id": webhook.id,
        "url": webhook.url,
        "events": sorted(webhook.events),
        "alert_status": autodisable.alert_status(health, now),
        "recent_failures": health.recent_failures,
        "disabled_until": health.disabled_until,
    }
    if with_deliveries:
        mine = [delivery for delivery in world.hooks.deliveries if delivery.event.webhook_id == webhook.id]
        entry["deliveries"] = [delivery_entry(delivery) for delivery in mine]
    return entry


def delivery_entry(delivery: Delivery) -> Json:
    """Return how an event was delivered."""
    event = delivery.event
    return {
        "id": event.id,
        "event": event.name,
        "project_id": event.project_id,
        "job_id": event.job_id,
        "job_status": event.job_status,
        "idempotency_key": delivery.idempotency_key,
        "created_at": event.created_at,
        "sent_at": delivery.sent_at,
        "answered_at": delivery.answered_at,
        "status": delivery.status,
        "error": delivery.error,
    }


def delete_webhooks(world: World, _call: Call) -> Response:
    """DELETE /_control/webhooks."""
    world.hooks.clear()
    return Response(204)


def put_faults(world: World, call: Call) -> Response:
    """PUT /_control/faults: one fault, a list, or {"faults": [...]}; they replace what was set."""
    content = parse_body(call.request.body)
    if isinstance(content, dict) and set(content) == {"faults"}:
        content = content["faults"]
    wanted = content if isinstance(content, list) else [content]
    world.faults.set([read_fault(Fields(entry), call.now) for entry in wanted])
    return get_faults(world, call)


def read_fault(fields: Fields, now: float) -> Fault:
    """Return the fault that an object describes."""
    lasting = fields.number("for_seconds", None)
    fault = Fault(
        name=fields.one_of("name", NAMES, ""),
        path=fields.text("path", "/api/*"),
        until=None if lasting is None else now + lasting,
        remaining=fields.integer("count", None, 1),
        seconds=fields.number("seconds", 3.0) or 0.0,
        status=fields.integer("status", 0, 200, 599) or 0,
    )
    fields.done()
    return fault


def get_faults(world: World, _call: Call) -> Response:
    """GET /_control/faults."""
    return json_response({"faults": [asdict(fault) for fault in world.faults.active]})


def delete_faults(world: World, _call: Call) -> Response:
    """DELETE /_control/faults."""
    world.faults.set([])
    return Response(204)


def put_settings(world: World, call: Call) -> Response:
    """PUT /_control/settings: what is not named stays."""
    fields, old = Fields(parse_body(call.request.body)), world.settings
    limit = fields.integer("rate_limit", old.rate_limit)
    interval = fields.number("rate_limit_interval_seconds", old.rate_limit_interval_seconds, 0.1)
    timeout = fields.number("webhook_timeout_seconds", old.webhook_timeout_seconds, 0.1)
    audience = fields.text("id_token_audience", old.id_token_audience)
    group_hooks = fields.boolean("group_hooks", default=old.group_hooks)
    signing_tokens = fields.boolean("signing_tokens", default=old.signing_tokens)
    fields.done()
    world.settings = replace(
        old,
        rate_limit=old.rate_limit if limit is None else limit,
        rate_limit_interval_seconds=interval or old.rate_limit_interval_seconds,
        webhook_timeout_seconds=timeout or old.webhook_timeout_seconds,
        id_token_audience=audience,
        group_hooks=group_hooks,
        signing_tokens=signing_tokens,
    )
    return json_response(asdict(world.settings))


def get_stats(world: World, _call: Call) -> Response:
    """GET /_control/stats."""
    statuses = Counter(job.status for job in world.store.jobs.values())
    answers = Counter(str(delivery.status or delivery.error) for delivery in world.hooks.deliveries)
    more: Json = {
        "jobs": dict(statuses),
        "hooks": dict(answers),
        "hooks_waiting": world.hooks.events_made - world.hooks.events_done,
    }
    return json_response({**world.stats.report(), **more})


def delete_stats(world: World, _call: Call) -> Response:
    """DELETE /_control/stats: counters and recorded deliveries start anew."""
    world.stats = Stats()
    world.hooks.deliveries.clear()
    return Response(204)


def simulator(world: World) -> HostsControl:
    """Return the hosts simulator.

    Raises:
        ControlError: this GitLab runs without one.
    """
    if world.hosts is None:
        raise ControlError("the hosts simulator needs the server: python -m tools.local.gitlab", 501)
    return world.hosts


def start_hosts(world: World, call: Call) -> Response:
    """POST /_control/hosts: play the instances of an Auto Scaling group."""
    fields, hosts = Fields(parse_body(call.request.body)), simulator(world)
    number = fields.take("runner_id", (int, str), "a runner's number")
    runner = runner_numbered(world, str(number or world.info["runner_id"]))
    runner = replace(
        runner,
        tag_list=fields.texts("runner_tags", runner.tag_list),
        run_untagged=fields.boolean("run_untagged", default=runner.run_untagged),
    )
    order: Json = {
        "aws_endpoint": valid_url("aws_endpoint", fields.required_text("aws_endpoint")),
        "region": fields.text("region", "us-east-1"),
        "autoscaling_group": fields.required_text("autoscaling_group"),
        "slots": fields.integer("slots", 1, 1),
        "runner_id": runner.id,
        "poll_seconds": fields.number("poll_seconds", 0.2, 0.01),
    }
    fields.done()
    world.store.runners[runner.id] = runner
    return json_response(hosts.start(order), 201)


def get_hosts(world: World, _call: Call) -> Response:
    """GET /_control/hosts: each group, and their sums."""
    groups = simulator(world).status()
    names = ("errors", "instances_seen", "jobs_killed", "jobs_taken")
    totals: Json = {name: sum(int(str(group[name])) for group in groups) for name in names}
    return json_response({"groups": groups, **totals})


def stop_hosts(world: World, call: Call) -> Response:
    """DELETE /_control/hosts; `autoscaling_group` names one, else all stop."""
    simulator(world).stop(call.parameters.text("autoscaling_group") or None)
    return Response(204)
