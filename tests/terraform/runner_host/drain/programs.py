"""Programs on PATH whose work is done in the test's own process."""

from __future__ import annotations

import json
import socketserver
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SHIM = """#!{python} -IS
import json, socket, sys
with socket.socket(socket.AF_UNIX) as link:
    link.connect({address!r})
    link.sendall((json.dumps([{name!r}, *sys.argv[1:]]) + "\\n").encode())
    code, text = json.loads(link.makefile().readline())
sys.stdout.write(text)
sys.exit(code)
"""


class Link(socketserver.StreamRequestHandler):
    """One call of a stand-in program."""

    server: Programs

    def handle(self) -> None:
        """Answer with the code and the output."""
        name, *arguments = json.loads(self.rfile.readline())
        self.wfile.write((json.dumps(self.server.answers[name](arguments)) + "\n").encode())


class Programs(socketserver.ThreadingUnixStreamServer):
    """The programs whose work is done in this process."""

    daemon_threads = True
    block_on_close = False
    answers: dict[str, Callable[[list[str]], tuple[int, str]]]


@contextmanager
def programs(folder: Path, answers: dict[str, Callable[[list[str]], tuple[int, str]]]) -> Iterator[None]:
    """Put programs into a folder."""
    address = str(folder / "programs.socket")
    with Programs(address, Link) as server:
        server.answers = answers
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        for name in answers:
            program(folder / name, SHIM.format(python=sys.executable, address=address, name=name))
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def program(path: Path, text: str) -> None:
    """Write a program."""
    path.write_text(text)
    path.chmod(0o755)
