"""What holds for all tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    import pytest
    from xdist.remote import Producer
    from xdist.scheduler import Scheduling

STACK_FOLDER = "tests/e2e/"
# They start stacks of their own.
OWN_STACK = ("test_examples", "test_stack_cleanup")


class SharedStack(LoadScopeScheduling):
    """Keeps tests that share something dear on one worker: the whole stack, or what a file starts for itself."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        own = any(name in file for name in OWN_STACK)
        return STACK_FOLDER if file.startswith(STACK_FOLDER) and not own else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Schedule by what tests share when asked for scopes; otherwise as xdist does."""
    return SharedStack(config, log) if config.getvalue("dist") == "loadscope" else None
