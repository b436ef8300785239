"""The control API under `/_local/`: instances, settings, call counts."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from tools.local.aws import emulator, outages
from tools.local.aws.asgi import BodyTooLargeError, read_body, send_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.local.aws.asgi import Receive, Scope, Send
    from tools.local.aws.autoscaling.model import Group, Instance
    from tools.local.aws.autoscaling.scaling import Scaling
    from tools.local.aws.clock import Clock
    from tools.local.aws.outages import Outages
    from tools.local.aws.stats import Stats

PREFIX = "/_local/"
DURATIONS = ("boot_seconds", "proceed_seconds", "shutdown_seconds", "ask_again_seconds")


class ControlError(Exception):
    """A control request is wrong; the message says what it should be."""


@dataclass
class Workers:
    """How many Lambda workers one function may have at once, and how all of one function are ended."""

    per_function: int = 4
    end: Callable[[str], object] = emulator.end_workers_of


@dataclass
class Iam:
    """Whether IAM is enforced, and how that is changed."""

    is_enforced: bool = False
    change: Callable[[bool], object] = emulator.enforce_iam

    def enforce(self, is_enforced: bool) -> None:  # noqa: FBT001 - it is the setting
        """Enforce IAM, or do not."""
        self.is_enforced = is_enforced
        self.change(is_enforced)


@dataclass(frozen=True)
class Control:
    """What the control API shows and changes."""

    scaling: Scaling
    clock: Clock
    workers: Workers
    stats: Stats
    outages: Outages
    iam: Iam = field(default_factory=Iam)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        route = (scope["method"], scope["path"].removeprefix(PREFIX).rstrip("/"))
        query = parse_qs(scope.get("query_string", b"").decode())
        routes: dict[tuple[str, str], Callable[[dict[str, list[str]], bytes], dict[str, Any]]] = {
            ("GET", "health"): lambda _, __: {"status": "ok"},
            ("GET", "instances"): self.instances,
            ("GET", "settings"): lambda _, __: self.settings(),
            ("PUT", "settings"): self.change_settings,
            ("GET", "stats"): lambda _, __: self.stats.snapshot(),
            ("DELETE", "stats"): self.reset_stats,
            ("DELETE", "workers"): self.end_workers,
        }
        if route not in routes:
            known = ", ".join(f"{method} {PREFIX}{path}" for method, path in routes)
            await send_json(send, 404, {"error": f"no {route[0]} {scope['path']} here, but {known}"})
            return
        try:
            await send_json(send, 200, routes[route](query, await read_body(receive)))
        except ControlError as error:
            await send_json(send, 400, {"error": str(error)})
        except BodyTooLargeError:
            await send_json(send, 413, {"error": "the body is too large"})

    def instances(self, query: dict[str, list[str]], _: bytes) -> dict[str, Any]:
        """Return the instances of every group, or of one."""
        group = query.get("group", [None])[0]
        return {"instances": [shown(owner, instance) for owner, instance in self.scaling.instances(group)]}

    def settings(self) -> dict[str, Any]:
        """Return every setting."""
        durations = {name: getattr(self.scaling.settings, name) for name in DURATIONS}
        others = {
            "clock_speed": self.clock.speed,
            "iam": self.iam.is_enforced,
            "lambda_workers": self.workers.per_function,
        }
        return {**durations, **others, **self.outages.settings()}

    def change_settings(self, _: dict[str, list[str]], body: bytes) -> dict[str, Any]:
        """Change the settings that a JSON object names, all or none, and return every setting.

        Raises:
            ControlError: the body is no such object, or a value is wrong.
        """
        wanted = parsed(body)
        known = self.settings()
        for name, value in wanted.items():
            check(name, value, known)
        for name in DURATIONS:
            setattr(self.scaling.settings, name, float(wanted.get(name, known[name])))
        self.workers.per_function = int(wanted.get("lambda_workers", known["lambda_workers"]))
        self.outages.change(wanted)
        if "iam" in wanted:
            self.iam.enforce(wanted["iam"])
        if "clock_speed" in wanted:
            self.clock.set_speed(float(wanted["clock_speed"]))
        return self.settings()

    def end_workers(self, query: dict[str, list[str]], _: bytes) -> dict[str, Any]:
        """End a function's Lambda workers, so that the next calls start new ones.

        Raises:
            ControlError: no function is named.
        """
        name = query.get("function", [""])[0]
        if not name:
            raise ControlError("name the function: DELETE /_local/workers?function=NAME")
        self.workers.end(name)
        return {"function": name}

    def reset_stats(self, _: dict[str, list[str]], __: bytes) -> dict[str, Any]:
        """Begin counting anew and return what was counted."""
        counted = self.stats.snapshot()
        self.stats.reset()
        return dict(counted)


def parsed(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body.

    Raises:
        ControlError: it is none.
    """
    try:
        wanted = json.loads(body)
    except ValueError as error:
        raise ControlError(f"the body is no JSON: {error}") from error
    if not isinstance(wanted, dict):
        raise ControlError("the body must be a JSON object of settings")
    return wanted


def check(name: str, value: object, known: dict[str, Any]) -> None:
    """Refuse an unknown setting or a wrong value.

    Raises:
        ControlError: it is one.
    """
    if name not in known:
        raise ControlError(f"no setting {name!r}; there are {', '.join(sorted(known))}")
    if name == "iam":
        check_switch(name, value)
        return
    if name.endswith("_fail"):
        check_error(name, value)
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ControlError(f"{name} must be a number that is not negative, not {value!r}")
    if name in ("clock_speed", "lambda_workers") and value == 0:
        raise ControlError(f"{name} must be above 0")


def check_switch(name: str, value: object) -> None:
    """Refuse what is neither on nor off.

    Raises:
        ControlError: it is that.
    """
    if not isinstance(value, bool):
        raise ControlError(f"{name} must be true or false, not {value!r}")


def check_error(name: str, value: object) -> None:
    """Refuse an error that no service is made to answer with.

    Raises:
        ControlError: it is one.
    """
    if value not in ("", *outages.STATUSES):
        raise ControlError(f"{name} must be empty or one of {', '.join(outages.STATUSES)}, not {value!r}")


def shown(group: Group, instance: Instance) -> dict[str, Any]:
    """Return an instance as the control API shows it; times are epoch seconds of the emulator's clock."""
    return {
        "availability_zone": instance.zone,
        "group": group.name,
        "in_service_at": instance.in_service_at,
        "instance_id": instance.instance_id,
        "instance_type": instance.instance_type,
        "launched_at": instance.launched_at,
        "lifecycle_state": str(instance.state),
        "market": str(instance.market),
        "protected_from_scale_in": instance.protected,
        "waiting_for_hooks": [wait.hook.name for wait in instance.waits if wait.result is None],
    }
