"""The ASGI application in front of MiniStack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.local.aws import control, function_urls

if TYPE_CHECKING:
    from tools.local.aws.asgi import App, Receive, Scope, Send
    from tools.local.aws.control import Control


@dataclass(frozen=True)
class Front:
    """Serve what is ours, and hand everything else to MiniStack."""

    control: Control
    emulator: App
    region: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.emulator(scope, receive, send)
        elif scope["path"].startswith(control.PREFIX):
            await self.control.serve(scope, receive, send)
        else:
            await self.emulator(function_urls.rewritten(scope, self.region) or scope, receive, send)
