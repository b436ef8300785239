"""Names of local stacks."""

from __future__ import annotations

import argparse

import pytest

from tools.local.names import stack_name


def test_letters_digits_and_hyphens_are_a_name() -> None:
    assert stack_name("my-stack-2") == "my-stack-2"


@pytest.mark.parametrize("text", ["", "../x", "a b", "packages", "simulator"])
def test_what_would_leave_the_folder_or_hit_another_tools_is_refused_by_name(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="STACK="):
        stack_name(text)
