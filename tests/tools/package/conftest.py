from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tools.package.support import digest, make_tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.package.support import Tree


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return make_tree(tmp_path)


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Build the tree once with this Python, in a folder of its own; returns the zip's digest."""
    folder = tmp_path_factory.mktemp("reference")
    assert make_tree(folder).build(folder / "hello.zip").code == 0
    return digest(folder / "hello.zip")
