from __future__ import annotations

import importlib.util
import os
import sys
from typing import TYPE_CHECKING

import pytest

from tools.package.errors import PackageError
from tools.package.installer import environment, explain, find_pip
from tools.package.target import parse_target

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

TARGET = parse_target("python3.13", "x86_64")


def test_the_interpreters_own_pip_comes_first() -> None:
    assert find_pip(importlib.util.find_spec) == [sys.executable, "-m", "pip"]


def test_pip_that_is_missing_altogether_is_named_with_three_ways_out() -> None:
    def nothing(_name: str) -> ModuleSpec | None:
        return None

    with pytest.raises(PackageError, match="pip is missing") as raised:
        find_pip(nothing)
    assert all(way in str(raised.value) for way in ("python3-pip", '"container"', "lambda.package_path"))


def test_how_to_reach_the_index_is_kept_and_what_would_change_the_result_is_not() -> None:
    user = {"PIP_INDEX_URL": "https://mirror", "PIP_TARGET": "/x", "PIP_CONSTRAINT": "/y", "HTTPS_PROXY": "http://p"}
    kept = environment(user)
    assert (kept["PIP_INDEX_URL"], kept["HTTPS_PROXY"]) == ("https://mirror", "http://p")
    assert "PIP_TARGET" not in kept
    assert kept["PIP_CONSTRAINT"] == os.devnull


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "does not match its hash"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", "set PIP_CERT"),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError'\nNo matching distribution found for a",
            "cannot reach the package index",
        ),
        ("Read timed out.", "cannot reach the package index"),
        ("Temporary failure in name resolution", "cannot reach the package index"),
        ("no such option: --abi", "pip is too old"),
        ("No matching distribution found for a==1", "no wheel of a==1 for python3.13 on x86_64"),
        ("Segmentation fault", "pip failed, its last lines say why"),
    ],
)
def test_pips_failures_are_told_by_their_cause(output: str, words: str) -> None:
    error = explain(output, TARGET)
    assert words in str(error)
    assert error.details == tuple(output.splitlines())


def test_only_the_last_lines_of_a_long_failure_are_shown() -> None:
    assert explain("\n\n".join("abcdefgh"), TARGET).details == ("c", "d", "e", "f", "g", "h")
