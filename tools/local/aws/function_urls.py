"""Function URLs as plain loopback addresses: `/_url/<url-id>/<path>` becomes what MiniStack expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.local.aws.asgi import Scope

PREFIX = "/_url/"


def rewritten(scope: Scope, region: str) -> Scope | None:
    """Return a request to a function URL as MiniStack expects it, or None when it is none.

    Path, query, body and every header but Host stay as the client sent them.
    """
    path: str = scope["path"]
    if not path.startswith(PREFIX):
        return None
    url_id, _, rest = path.removeprefix(PREFIX).partition("/")
    raw: bytes = scope.get("raw_path") or path.encode()
    raw_rest = raw.removeprefix(PREFIX.encode()).partition(b"/")[2].partition(b"?")[0]
    host = f"{url_id}.lambda-url.{region}.on.aws".encode()
    headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"host"]
    return {**scope, "path": f"/{rest}", "raw_path": b"/" + raw_rest, "headers": [*headers, (b"host", host)]}
