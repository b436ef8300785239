"""Start a container without collecting garbage.

Importing boto3 and making clients allocates some hundred thousand objects that all stay. The garbage collector goes
through them again and again and finds nothing: a quarter of the start, measured. (`make bench SECTION=credentials`
prints what it is on your machine.) Afterwards they are frozen, so that later collections do not look at them either.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def paused() -> Iterator[None]:
    """Collect nothing inside of the block, and later nothing that it has made."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
