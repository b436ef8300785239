"""A page in a headless Chromium, spoken to over a pipe: https://chromedevtools.github.io/devtools-protocol/."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
EXECUTABLE = next(filter(None, map(shutil.which, NAMES)), None)
PATIENCE_SECONDS = 60
# Chromium reads commands from this descriptor, and writes answers and events to the next.
COMMANDS, ANSWERS = 3, 4


@dataclass
class Tab:
    """A tab, and what its page has complained of or asked for so far."""

    commands: int
    answers: int
    session: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    _number: int = 0
    _read: bytes = b""
    _waiting: deque[dict[str, Any]] = field(default_factory=deque)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        self._number += 1
        session = {"sessionId": self.session} if self.session else {}
        command = {"id": self._number, "method": method, "params": parameters, **session}
        os.write(self.commands, json.dumps(command).encode() + b"\0")
        while (message := self._next()).get("id") != self._number:
            self.events.append(message)
        assert "error" not in message, message
        result: dict[str, Any] = message["result"]
        return result

    def _next(self) -> dict[str, Any]:
        """Return the next message."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while b"\0" not in self._read:
            assert time.monotonic() < deadline, "Chromium does not answer"
            part = os.read(self.answers, 1 << 16)
            assert part, "Chromium has ended"
            self._read += part
        message, _, self._read = self._read.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def show(self, page: Path, width: int, height: int = 900, *, is_dark: bool = False) -> None:
        """Load a page from the disk at a width in CSS pixels."""
        self.events.clear()
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=page.resolve().as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def value(self, expression: str) -> Any:
        """Return what a JavaScript expression is in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    def complaints(self) -> list[str]:
        """Return what the page has written to the console, and its errors."""
        kinds = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [json.dumps(event["params"]) for event in self.events if event.get("method") in kinds]

    def requests(self) -> list[str]:
        """Return the addresses that the page has asked for, its own left out."""
        sent = [event["params"] for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [each["request"]["url"] for each in sent if each["request"]["url"] != each["documentURL"]]

    def screenshot(self, path: Path) -> None:
        """Write the whole page as PNG."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def tab(profile: Path) -> Iterator[Tab]:
    """Start a Chromium with a profile of its own, and end it."""
    assert EXECUTABLE, f"none of {', '.join(NAMES)} is on PATH"
    theirs, ours = os.pipe()
    answers, written = os.pipe()
    options = "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --remote-debugging-pipe"
    redirected = f'exec "$0" {options} --user-data-dir="$1" about:blank {COMMANDS}<&{theirs} {ANSWERS}>&{written}'
    process = subprocess.Popen(
        ["/bin/bash", "-c", redirected, EXECUTABLE, str(profile)],
        pass_fds=(theirs, written),
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    os.close(theirs)
    os.close(written)
    try:
        yield attached(Tab(ours, answers))
    finally:
        process.terminate()
        process.wait(10)
        os.close(ours)
        os.close(answers)


def attached(made: Tab) -> Tab:
    """Attach to the tab that Chromium has opened, and hear of what happens in it."""
    targets = made.call("Target.getTargets")["targetInfos"]
    page = next(target["targetId"] for target in targets if target["type"] == "page")
    made.session = made.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
    for domain in ("Page", "Runtime", "Log", "Network"):
        made.call(f"{domain}.enable")
    return made
