"""What Lambda imports: starts the container while it has a whole processor, which requests have not.

Nothing else imports this module. Everything that it does, `credentials.handler` would do at the first event.
"""

from __future__ import annotations

from credentials import collector

with collector.paused():
    # Imported in here, because importing is half of what the collector would disturb.
    from credentials.handler import container, handle

    container()

__all__ = ["handle"]
