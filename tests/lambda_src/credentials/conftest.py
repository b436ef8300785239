from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.lambda_src.credentials.world import Aws, Container

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def aws() -> Aws:
    return Aws()


@pytest.fixture
def containers(aws: Aws) -> Iterator[Callable[..., Container]]:
    """Make containers that share AWS; their threads end with the test."""
    made: list[Container] = []

    def make(document: dict[str, Any] | None = None, **options: Any) -> Container:
        made.append(Container(aws, document, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def container(containers: Callable[..., Container]) -> Container:
    return containers()
