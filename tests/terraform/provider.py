"""Keep one aws provider running for many Terraform commands.

Terraform starts the provider anew for every test run and every walk of a plan, which takes longer than the walk
itself. Serving it once changes nothing in what is tested: the same binary answers the same calls.
"""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

STOP_SECONDS = 10


@contextmanager
def serving_provider(initialised: Path, environment: Mapping[str, str], log: Path) -> Iterator[dict[str, str]]:
    """Serve the provider that an initialised folder uses, and give the environment in which Terraform finds it.

    Args:
        initialised: A folder in which terraform init ran.
        environment: What the provider sees; its credentials and endpoints come from here, not from Terraform's.
        log: Where its log goes.
    """
    # The last but one folder is a link to the mirror's or the cache's, which rglob would not follow.
    [binary] = (initialised / ".terraform" / "providers").glob("*/hashicorp/aws/*/*/terraform-provider-aws*")
    with (
        log.open("w", encoding="utf-8") as complaints,
        subprocess.Popen(
            [str(binary), "-debug"],
            env=dict(environment),
            stderr=complaints,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            yield {"TF_REATTACH_PROVIDERS": reattachment(process.stdout)}
        finally:
            stop(process)


def reattachment(lines: Iterable[str]) -> str:
    """Return what a provider that has just started prints for Terraform to find it."""
    for line in lines:
        found = re.search(r"TF_REATTACH_PROVIDERS='(.+)'", line)
        if found:
            return found[1]
    raise AssertionError("the aws provider ended before it said where it listens")


def stop(process: subprocess.Popen[str]) -> None:
    """End the provider, whatever it is doing."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
