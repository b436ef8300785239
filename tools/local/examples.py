"""``make examples``: apply every example to a local AWS, plan again, destroy; several at once.

All share one AWS and the zips of the functions; each has a folder of its own below the stack's. A failure is told at
the end; the others go on.
"""

from __future__ import annotations

import shutil
import signal
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeAlias

from tools.local import processes
from tools.local.provider import serving_provider
from tools.local.stack import ROOT, Options, Stack
from tools.local.terraform import Terraform, TerraformError, cli_config, interrupt_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# The local stack applies this one, with values that only it has; the other is a part of the examples.
LEFT_OUT = frozenset({"local", "network"})
# Waiting is most of it; a Terraform and its provider take about a gigabyte.
AT_ONCE = 5
INTERRUPT_SECONDS = 2

Terraforms: TypeAlias = SimpleQueue[Terraform]


@dataclass(frozen=True)
class Outcome:
    """What became of an example; no error = applied, unchanged by a second plan, destroyed."""

    name: str
    seconds: float
    error: str = ""


def main(names: Sequence[str] = ()) -> int:
    """Apply the named examples, or all; return 0, 1 when one failed, 2 when none could be tried."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    stack = Stack(Options("examples"), with_parent=True)
    try:
        outcomes = run(stack, chosen(names))
    except (TerraformError, processes.ProcessError) as error:
        print(f"error: make examples: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; nothing was left running", file=sys.stderr)
        return 130
    print("\n".join(["", *table(outcomes), f"{time.monotonic() - started:.0f} s in all"]))
    return int(any(outcome.error for outcome in outcomes))


def chosen(names: Sequence[str]) -> list[str]:
    """Return the examples to apply: those that are named, or all.

    Raises:
        TerraformError: there is no example of a name.
    """
    known = sorted(path.parent.name for path in (ROOT / "examples").glob("*/main.tf"))
    known = [name for name in known if name not in LEFT_OUT]
    if unknown := sorted(set(names) - set(known)):
        raise TerraformError(f"no such example: {', '.join(unknown)}; there are {', '.join(known)}")
    return list(names) or known


def run(stack: Stack, names: Sequence[str]) -> list[Outcome]:
    """Apply examples to an AWS of a stack; whatever happens, nothing is left running.

    Raises:
        TerraformError: there is no Terraform or no provider.
        ProcessError: the local AWS or the provider did not start.
    """
    stack.down()
    shutil.rmtree(stack.folder, ignore_errors=True)
    say = stack.say
    try:
        environment = cli_config(ROOT / "build" / "terraform", say)
        terraform = stack.terraform(environment, str(stack.serve_aws()["endpoint"]))
        with with_providers(terraform, min(AT_ONCE, len(names))) as free:
            say(f"{len(names)} examples, {AT_ONCE} at a time: apply, plan again, destroy …")
            return all_outcomes(names, free, say)
    finally:
        stack.down()


@contextmanager
def with_providers(terraform: Terraform, count: int) -> Iterator[Terraforms]:
    """Give as many Terraforms as may run at once, each with an aws provider that keeps running.

    They do not share one: a provider creates one function after the other, and waits for each.
    """
    first = in_folder(terraform, "provider")
    first.write(ROOT / "examples" / "network", {"name": "provider"})
    first.run("init", "-input=false", "-no-color")
    free: Terraforms = SimpleQueue()
    with ExitStack() as providers:
        for number in range(count):
            log = first.folder / f"provider-{number}.log"
            served = providers.enter_context(serving_provider(first.folder, first.environment, log))
            free.put(replace(terraform, environment={**terraform.environment, **served}))
        yield free


def in_folder(terraform: Terraform, name: str) -> Terraform:
    """Return a Terraform in a new folder below another's."""
    folder = terraform.folder / name
    folder.mkdir(parents=True)
    return replace(terraform, folder=folder)


def all_outcomes(names: Sequence[str], free: Terraforms, say: Callable[[str], None]) -> list[Outcome]:
    """Apply examples, as many at the same time as there are Terraforms, and tell each one's end."""
    with ThreadPoolExecutor(free.qsize()) as pool:
        waiting = {pool.submit(outcome_of, name, free) for name in names}
        outcomes: list[Outcome] = []
        try:
            for future in as_completed(waiting):
                outcomes.append(future.result())
                say(f"[{len(outcomes)}/{len(names)}] {line(outcomes[-1])}")
        except BaseException:
            give_up(pool, waiting)
            raise
    return sorted(outcomes, key=lambda outcome: outcome.name)


def give_up(pool: ThreadPoolExecutor, waiting: set[Future[Outcome]]) -> None:
    """Start no more, and interrupt what runs until nothing does."""
    pool.shutdown(wait=False, cancel_futures=True)
    while any(future.running() for future in waiting):
        interrupt_all()
        wait(waiting, timeout=INTERRUPT_SECONDS)


def outcome_of(name: str, free: Terraforms) -> Outcome:
    """Apply an example in its own folder, and say how that went; only a failure's folder is kept."""
    terraform = free.get()
    own = in_folder(terraform, name)
    started = time.monotonic()
    try:
        apply(name, own)
    except TerraformError as error:
        return Outcome(name, time.monotonic() - started, str(error))
    finally:
        free.put(terraform)
    shutil.rmtree(own.folder)
    return Outcome(name, time.monotonic() - started)


def apply(name: str, terraform: Terraform) -> None:
    """Apply an example, see that a second plan changes nothing, and destroy it.

    Raises:
        TerraformError: a step failed, or the second plan has changes.
    """
    terraform.write(ROOT / "examples" / name, {})
    terraform.apply()
    if changes := terraform.changes():
        raise TerraformError(f"a second plan has changes: {'; '.join(changes)}")
    terraform.destroy()


def line(outcome: Outcome) -> str:
    """Return an outcome as a line of the table."""
    return f"{outcome.name:<28} {outcome.seconds:>5.0f} s  {'failed' if outcome.error else 'ok'}"


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield the table of outcomes, and behind it what went wrong."""
    yield from map(line, outcomes)
    for outcome in outcomes:
        if outcome.error:
            yield f"\nexamples/{outcome.name}: {outcome.error}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
