"""Runs a fleet of hosts against the local AWS in a thread, and several such fleets side by side."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Protocol

from tools.local.hosts.aws import AwsError, LocalAws
from tools.local.hosts.fleet import HostFleet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tools.local.hosts.fleet import JobQueue, Managers
    from tools.local.hosts.model import Instance

    Completion = Callable[[str], bool]

STOP_SECONDS = 10.0


class Aws(Protocol):
    """The Auto Scaling group as its instances see it."""

    def instances(self) -> Sequence[Instance]:
        """Return the group's instances."""
        ...

    def complete(self, instance_id: str) -> None:
        """Complete the lifecycle action of an instance that ends."""
        ...

    def enter(self, instance_id: str) -> None:
        """Complete the lifecycle action of an instance that begins."""
        ...


class Simulator:
    """Plays one group's instances.

    Args:
        aws: the group.
        make_fleet: makes the hosts, given what completes the lifecycle actions of ending and of beginning instances.
        poll_seconds: the pause between two looks at the group.
    """

    def __init__(
        self, aws: Aws, make_fleet: Callable[[Completion, Completion], HostFleet], poll_seconds: float
    ) -> None:
        self.aws = aws
        self.fleet = make_fleet(self.complete, self.enter)
        self.poll_seconds = poll_seconds
        self.errors = 0
        self.last_error = ""
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.run, name="hosts", daemon=True)

    def start(self) -> None:
        """Start playing."""
        self.thread.start()

    def stop(self) -> None:
        """Stop playing; running jobs run on."""
        self.stopping.set()
        self.thread.join(STOP_SECONDS)

    def run(self) -> None:
        """Look at the group again and again until stopped."""
        while not self.stopping.wait(self.poll_seconds):
            self.look()

    def look(self) -> None:
        """Look at the group once; when it cannot be read nothing happens: unknown is not empty."""
        try:
            listed = self.aws.instances()
        except AwsError as error:
            self.note(str(error))
            return
        with self.lock:
            self.fleet.step(listed)

    def complete(self, instance_id: str) -> bool:
        """Complete the lifecycle action of an instance that ends; False to try again."""
        return self.tried(self.aws.complete, instance_id)

    def enter(self, instance_id: str) -> bool:
        """Complete the lifecycle action of an instance that begins; False to try again."""
        return self.tried(self.aws.enter, instance_id)

    def tried(self, call: Callable[[str], None], instance_id: str) -> bool:
        """Make a call about an instance and tell whether it worked."""
        try:
            call(instance_id)
        except AwsError as error:
            self.note(str(error))
            return False
        return True

    def note(self, error: str) -> None:
        """Count an error and print it unless it is the last one again."""
        self.errors += 1
        if error != self.last_error:
            print(f"hosts: {error}", file=sys.stderr, flush=True)
        self.last_error = error

    def status(self) -> dict[str, object]:
        """Return what the hosts do and have done."""
        with self.lock:
            report = self.fleet.report()
        return {**report, "errors": self.errors, "last_error": self.last_error or None}


class Simulators:
    """The groups that are played, at most one simulator each.

    Args:
        jobs_of: returns the jobs of a runner by its id.
        managers_of: returns a runner for its managers.
    """

    def __init__(self, jobs_of: Callable[[int], JobQueue], managers_of: Callable[[int], Managers]) -> None:
        self.jobs_of = jobs_of
        self.managers_of = managers_of
        self.playing: dict[str, Simulator] = {}
        self.lock = threading.Lock()

    def start(self, order: dict[str, object]) -> dict[str, object]:
        """Start playing a group, in place of an earlier simulator of the same group.

        Args:
            order: aws_endpoint, region, autoscaling_group, slots, runner_id and poll_seconds.
        """
        group, runner = str(order["autoscaling_group"]), int(str(order["runner_id"]))
        slots = int(str(order["slots"]))
        aws = LocalAws(str(order["aws_endpoint"]).rstrip("/"), str(order["region"]), group)

        def make_fleet(complete: Completion, enter: Completion) -> HostFleet:
            return HostFleet(slots, self.jobs_of(runner), self.managers_of(runner), complete, enter)

        simulator = Simulator(aws, make_fleet, float(str(order["poll_seconds"])))
        with self.lock:
            earlier, self.playing[group] = self.playing.get(group), simulator
        if earlier is not None:
            earlier.stop()
        simulator.start()
        return {"autoscaling_group": group, **simulator.status()}

    def stop(self, group: str | None) -> None:
        """Stop playing a group, or all of them."""
        with self.lock:
            names = [name for name in self.playing if group in {None, name}]
            stopped = [self.playing.pop(name) for name in names]
        for simulator in stopped:
            simulator.stop()

    def status(self) -> list[dict[str, object]]:
        """Return what each group's hosts do."""
        with self.lock:
            playing = dict(self.playing)
        return [{"autoscaling_group": group, **simulator.status()} for group, simulator in playing.items()]
