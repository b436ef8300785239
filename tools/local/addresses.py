"""The addresses of a local stack that is up, for tools that ask a running one."""

from __future__ import annotations

from typing import Any

from tools.local.stack import OUTPUTS, ROOT, Options, Stack


class NotUpError(Exception):
    """There is no such stack; the message says how to have one, and what could be given instead."""


def addresses(name: str, instead: str) -> dict[str, Any]:
    """Return the addresses of a local stack.

    Args:
        name: of the stack, as in `make up STACK=name`.
        instead: what else the command could be given, such as `FLEET=name`.

    Raises:
        NotUpError: the stack is not up.
    """
    stack = Stack(Options(name))
    found = stack.outputs()
    if found is None:
        path = stack.folder / OUTPUTS
        why = "its processes have ended" if path.is_file() else f"{path.relative_to(ROOT)} does not exist"
        start = "make up" if name == Options.name else f"make up STACK={name}"
        raise NotUpError(f"the local stack {name} is not up, {why}: run {start}, or give {instead}")
    return found
