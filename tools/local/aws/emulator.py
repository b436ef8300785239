"""The only door to MiniStack, which has no types: what the rest of the local AWS needs of it, typed.

MiniStack reads its environment when it is imported, so nothing here imports it before `load` is called.
"""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    Asgi = Callable[..., Awaitable[None]]
    Handler = Callable[..., Awaitable[tuple[int, dict[str, str], bytes]]]


def load(name: str) -> Any:  # noqa: ANN401 - MiniStack has no types
    """Return one of MiniStack's modules."""
    return importlib.import_module(f"ministack.{name}")


def application() -> Asgi:
    """Return MiniStack's ASGI application."""
    app: Asgi = load("app").app
    return app


def replace(module: str, name: str, make: Callable[[Any], Any]) -> None:
    """Replace a function of a MiniStack module by what `make` makes of it."""
    target = load(module)
    setattr(target, name, make(getattr(target, name)))


def serve_service(service: str, handler: Handler) -> None:
    """Let a handler of ours answer a service's requests, after MiniStack has authorised them."""
    load("app").SERVICE_HANDLERS[service] = handler


def scope() -> tuple[str, str]:
    """Return the account and the region of the request in hand."""
    responses = load("core.responses")
    return str(responses.get_account_id()), str(responses.get_region())


@contextmanager
def scoped(account: str, region: str) -> Iterator[None]:
    """Act for an account in a region."""
    with load("core.responses").request_scope(account, region):
        yield


def enforce_iam(is_enforced: bool) -> None:  # noqa: FBT001 - it is the setting
    """Check IAM's policies from now on, or nothing."""
    load("app").AUTH = is_enforced


def end_workers() -> None:
    """End every Lambda worker and remove its files."""
    load("core.lambda_runtime").reset()


def end_workers_of(function: str) -> None:
    """End every Lambda worker of one function."""
    load("core.lambda_runtime").invalidate_worker(function)
