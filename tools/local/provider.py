"""Keep one aws provider running for many Terraform commands.

Terraform starts the provider anew for every walk of a plan, which takes longer than most walks. Serving it once changes
nothing in what is done: the same binary answers the same calls. A process has one configuration: root modules that
configure the provider differently, or twice, cannot share it.
"""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tools.local.processes import ProcessError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

STOP_SECONDS = 10


@contextmanager
def serving_provider(initialised: Path, environment: Mapping[str, str], log: Path) -> Iterator[dict[str, str]]:
    """Serve the provider that an initialised folder uses, and give the environment in which Terraform finds it.

    Args:
        initialised: A folder in which terraform init ran. The provider runs there: the relative paths that it is
            given, of zips to upload, are right when the root modules' folders are that folder's siblings.
        environment: What the provider sees; its credentials and endpoints come from here, not from Terraform's.
        log: Where its log goes.

    Raises:
        ProcessError: the provider does not start.
    """
    # The last but one folder is a link to the mirror's or the cache's, which rglob would not follow.
    [binary] = (initialised / ".terraform" / "providers").glob("*/hashicorp/aws/*/*/terraform-provider-aws*")
    with (
        log.open("w", encoding="utf-8") as complaints,
        subprocess.Popen(
            [str(binary.absolute()), "-debug"],
            cwd=initialised,
            env=dict(environment),
            stderr=complaints,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        try:
            yield {"TF_REATTACH_PROVIDERS": reattachment(process.stdout or ())}
        finally:
            stop(process)


def reattachment(lines: Iterable[str]) -> str:
    """Return what a provider that has just started prints for Terraform to find it.

    Raises:
        ProcessError: it ended without a word.
    """
    for line in lines:
        found = re.search(r"TF_REATTACH_PROVIDERS='(.+)'", line)
        if found:
            return found[1]
    raise ProcessError("the aws provider ended before it said where it listens")


def stop(process: subprocess.Popen[str]) -> None:
    """End the provider, whatever it is doing."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
