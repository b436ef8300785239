"""A lock between processes that dies with its holder."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: IO[bytes]) -> bool:
        handle.seek(0)
        with suppress(OSError):
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
            return True
        return False

else:
    import fcntl

    def _try_lock(handle: IO[bytes]) -> bool:
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False


_POLL_SECONDS = 0.2


@contextmanager
def exclusive(path: Path, on_wait: Callable[[], None], sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Hold a lock file while the block runs.

    The operating system holds the lock for the open file, so it is free again when its holder dies, however it
    dies; a lock file left behind means nothing.

    Args:
        path: The lock file; its folder exists.
        on_wait: Called once if somebody else holds the lock.
        sleep: Waits that many seconds.
    """
    handle = _acquire(path, on_wait, sleep)
    try:
        yield
    finally:
        # Removed while it is held: who waits for it notices that the file is gone and begins anew.
        with suppress(OSError):  # Windows does not remove open files
            path.unlink()
        handle.close()


def _acquire(path: Path, on_wait: Callable[[], None], sleep: Callable[[float], None]) -> IO[bytes]:
    """Open and lock the file, and make sure that it is still the one at its path."""
    waited = False
    while True:
        handle = path.open("a+b")
        if _try_lock(handle) and _is_at(handle, path):
            return handle
        handle.close()
        if not waited:
            waited = True
            on_wait()
        sleep(_POLL_SECONDS)


def _is_at(handle: IO[bytes], path: Path) -> bool:
    """Tell whether an open file has not been removed or replaced."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    return False
