from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.terraform.runner_host.bootstrap_user_data import rendered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.terraform.runner_host.bootstrap_user_data import UserData


@pytest.fixture(scope="session")
def user_data(tree: Path, served_environment: dict[str, str]) -> Mapping[str, UserData]:
    """Plan every case once."""
    return rendered(tree, served_environment)
